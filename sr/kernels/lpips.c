/* The distance of LPIPS on one layer, and its gradient, in one pass over memory.
 *
 * a and b are feature maps, `channels` numbers for each of `pixels`, a multiple of LANES. With
 * u = a / |a| and v = b / |b| at every pixel, returned is the sum over pixels and channels of
 * head * (u - v)^2. Where `grad` is not null it becomes the gradient for a, `scale` times.
 */
#include <math.h>

#include "vectors.h"

#define LPIPS(name, number)                                                                        \
    double nitidez_lpips_##name(const number *a, const number *b, const float *head, number *grad, \
                                int64_t pixels, int64_t channels, float scale) {                   \
        double total = 0;                                                                          \
        for (int64_t pixel = 0; pixel < pixels; pixel++, a += channels, b += channels) {           \
            vec aa = {0}, bb = {0};                                                                \
            for (int64_t c = 0; c < channels; c += LANES) {                                        \
                const vec x = load_##name(a + c), y = load_##name(b + c);                          \
                aa += x * x;                                                                       \
                bb += y * y;                                                                       \
            }                                                                                      \
            const float of_a = 1 / sqrtf(sum_of(aa) + 1e-10f);                                     \
            const float of_b = 1 / sqrtf(sum_of(bb) + 1e-10f);                                     \
            vec square = {0}, along = {0};                                                         \
            for (int64_t c = 0; c < channels; c += LANES) {                                        \
                const vec u = load_##name(a + c) * of_a, e = u - load_##name(b + c) * of_b;        \
                const vec he = load_float32(head + c) * e;                                         \
                square += he * e;                                                                  \
                along += he * u;                                                                   \
            }                                                                                      \
            total += sum_of(square);                                                               \
            if (!grad) continue;                                                                   \
            const float turn = sum_of(along), factor = 2 * scale * of_a;                           \
            for (int64_t c = 0; c < channels; c += LANES) {                                        \
                const vec u = load_##name(a + c) * of_a, e = u - load_##name(b + c) * of_b;        \
                store_##name(grad + c, factor * (load_float32(head + c) * e - turn * u));          \
            }                                                                                      \
            grad += channels;                                                                      \
        }                                                                                          \
        return total;                                                                              \
    }

LPIPS(float32, float)
LPIPS(bfloat16, uint16_t)
