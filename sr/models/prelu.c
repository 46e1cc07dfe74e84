/* Gradients of PReLU with one slope in one pass over memory, which is what it costs.
 *
 * For each of `size` numbers: to[i] = x[i] > 0 ? grad[i] : slope * grad[i]. Returned is the sum of
 * x[i] * grad[i] where x[i] is not above zero: the slope's gradient.
 */
#include <stdint.h>
#include <string.h>

#define LANES 16
#define SHARE 4096 /* numbers that are summed up in single precision, a multiple of LANES */

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t bits __attribute__((vector_size(4 * LANES)));
typedef uint32_t word __attribute__((vector_size(4 * LANES)));
typedef uint16_t half __attribute__((vector_size(2 * LANES)));

static inline vec load_float32(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store_float32(float *p, vec v) { memcpy(p, &v, sizeof v); }

/* bfloat16 is the upper half of float32. */
static inline vec load_bfloat16(const uint16_t *p) {
    half h;
    memcpy(&h, p, sizeof h);
    return (vec)(__builtin_convertvector(h, word) << 16);
}

/* To the nearest, ties to even. */
static inline void store_bfloat16(uint16_t *p, vec v) {
    const word w = (word)v;
    const half h = __builtin_convertvector((w + 0x7fff + ((w >> 16) & 1)) >> 16, half);
    memcpy(p, &h, sizeof h);
}

#define PRELU_BACKWARD(name, number)                                                               \
    static vec step_##name(const number *x, const number *grad, number *to, vec slope) {           \
        const vec at = load_##name(x), g = load_##name(grad);                                      \
        const bits above = at > 0;                                                                 \
        store_##name(to, (vec)(((bits)g & above) | ((bits)(slope * g) & ~above)));                 \
        return (vec)((bits)(at * g) & ~above);                                                     \
    }                                                                                              \
                                                                                                   \
    double nitidez_prelu_##name(const number *x, const number *grad, number *to, int64_t size,     \
                                float slope) {                                                     \
        const vec slopes = slope - (vec){0};                                                       \
        const int64_t whole = size - size % LANES;                                                 \
        double total = 0;                                                                          \
        for (int64_t start = 0; start < whole; start += SHARE) {                                   \
            const int64_t end = start + SHARE < whole ? start + SHARE : whole;                     \
            vec sum = {0};                                                                         \
            for (int64_t i = start; i < end; i += LANES)                                           \
                sum += step_##name(x + i, grad + i, to + i, slopes);                               \
            for (int64_t lane = 0; lane < LANES; lane++) total += sum[lane];                       \
        }                                                                                          \
        if (whole < size) {                                                                        \
            number last[3][LANES] = {{0}};                                                         \
            const size_t bytes = sizeof(number) * (size_t)(size - whole);                          \
            memcpy(last[0], x + whole, bytes);                                                     \
            memcpy(last[1], grad + whole, bytes);                                                  \
            const vec sum = step_##name(last[0], last[1], last[2], slopes);                        \
            memcpy(to + whole, last[2], bytes);                                                    \
            for (int64_t lane = 0; lane < LANES; lane++) total += sum[lane];                       \
        }                                                                                          \
        return total;                                                                              \
    }

PRELU_BACKWARD(float32, float)
PRELU_BACKWARD(bfloat16, uint16_t)
