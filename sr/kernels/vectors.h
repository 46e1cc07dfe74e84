/* Vectors of single precision, read from and written to float32 and bfloat16. */
#include <stdint.h>
#include <string.h>

#define LANES 16

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

static inline float sum_of(vec v) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += v[lane];
    return total;
}
