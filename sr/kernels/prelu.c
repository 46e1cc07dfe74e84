/* Gradients of PReLU with one slope in one pass over memory, which is what it costs.
 *
 * For each of `size` numbers: to[i] = x[i] > 0 ? grad[i] : slope * grad[i]. Returned is the sum of
 * x[i] * grad[i] where x[i] is not above zero: the slope's gradient.
 */
#include "vectors.h"

#define SHARE 4096 /* numbers that are summed up in single precision, a multiple of LANES */

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
            total += sum_of(sum);                                                                  \
        }                                                                                          \
        if (whole < size) {                                                                        \
            number last[3][LANES] = {{0}};                                                         \
            const size_t bytes = sizeof(number) * (size_t)(size - whole);                          \
            memcpy(last[0], x + whole, bytes);                                                     \
            memcpy(last[1], grad + whole, bytes);                                                  \
            const vec sum = step_##name(last[0], last[1], last[2], slopes);                        \
            memcpy(to + whole, last[2], bytes);                                                    \
            total += sum_of(sum);                                                                  \
        }                                                                                          \
        return total;                                                                              \
    }

PRELU_BACKWARD(float32, float)
PRELU_BACKWARD(bfloat16, uint16_t)
