/* Convolutions by Winograd's minimal filtering on 6x6 tiles, float32, channels last.
 *
 * Two kernels share the six points 0, 1, -1, 2, -2, infinity and with them the transform of the
 * input: 3x3 with 4x4 outputs a tile (36 products for 16 outputs, a quarter of the direct 144) and
 * 5x5 with 2x2 outputs a tile (36 for 4 outputs, 0.36 of the direct 100).
 *
 * Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
 * arXiv:1509.09308. Equal to a direct convolution up to rounding (about 1e-5 of the largest value).
 *
 * Every function works on tiles [first, last) of all N * ceil(H / m) * ceil(W / m), so that
 * threads can share the work. Channels are multiples of LANES; `nitidez_lanes` says it.
 */
#include <stdint.h>
#include <string.h>

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
#define POINTS 36
#define BLOCK 24 /* tiles that are transformed at once: their 36 matrices fit in a core's cache */

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));

typedef struct {
    int64_t height, width, channels; /* of the image that is read or written */
    int64_t step, pad, rows, columns; /* outputs a tile, zero border, tiles down and across */
} grid;

int nitidez_lanes(void) { return LANES; }

static grid make_grid(int64_t height, int64_t width, int64_t channels, int64_t taps) {
    grid g = {height, width, channels, 7 - taps, taps / 2, 0, 0};
    g.rows = (height + g.step - 1) / g.step;
    g.columns = (width + g.step - 1) / g.step;
    return g;
}

static inline void input_line(const vec d[6], vec out[6]) {
    vec a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
    out[0] = 4 * d[0] - 5 * d[2] + d[4];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + e;
    out[4] = c - e;
    out[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* B^T d B of `count` tiles from `first` on: v[point][tile][channel]. */
static void input_tiles(const float *x, grid g, int64_t first, int64_t count, float *v) {
    const int64_t stride = count * g.channels;
    for (int64_t t = 0; t < count; t++) {
        const int64_t tile = first + t, column = tile % g.columns;
        const int64_t row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        const int64_t top = row * g.step - g.pad, left = column * g.step - g.pad;
        const float *base = x + image * g.height * g.width * g.channels;
        for (int64_t c = 0; c < g.channels; c += LANES) {
            vec half[6][6], line[6], out[6];
            for (int j = 0; j < 6; j++) {
                const int64_t xx = left + j;
                for (int i = 0; i < 6; i++) {
                    const int64_t y = top + i;
                    const int inside = y >= 0 && y < g.height && xx >= 0 && xx < g.width;
                    line[i] = inside ? *(const vec *)(base + (y * g.width + xx) * g.channels + c)
                                     : (vec){0};
                }
                input_line(line, out);
                for (int i = 0; i < 6; i++) half[i][j] = out[i];
            }
            for (int i = 0; i < 6; i++) {
                input_line(half[i], out);
                float *to = v + 6 * i * stride + t * g.channels + c;
                for (int j = 0; j < 6; j++) *(vec *)(to + j * stride) = out[j];
            }
        }
    }
}

static inline void output_line(const vec m[6], vec *out, int64_t step) {
    vec p = m[1] + m[2], u = m[1] - m[2], v = m[3] + m[4], w = m[3] - m[4];
    out[0] = m[0] + p + v;
    if (step == 4) {
        out[1] = u + 2 * w;
        out[2] = p + 4 * v;
        out[3] = u + 8 * w + m[5];
    } else {
        out[1] = u + 2 * w + m[5];
    }
}

/* A^T m A plus the bias of `count` tiles, into y; the image may have fewer channels than m. */
static inline void output_tiles_of(const float *m, const float *bias, grid g, int64_t padded,
                                   int64_t first, int64_t count, float *y, const int64_t step) {
    const int64_t stride = count * padded;
    for (int64_t t = 0; t < count; t++) {
        const int64_t tile = first + t, column = tile % g.columns;
        const int64_t row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        for (int64_t c = 0; c < padded; c += LANES) {
            vec half[4][6], line[6], out[4];
            for (int j = 0; j < 6; j++) {
                const float *from = m + j * stride + t * padded + c;
                for (int i = 0; i < 6; i++) line[i] = *(const vec *)(from + 6 * i * stride);
                output_line(line, out, step);
                for (int i = 0; i < step; i++) half[i][j] = out[i];
            }
            const int64_t left = g.channels - c, wanted = left < 0 ? 0 : left < LANES ? left : LANES;
            const vec add = bias ? *(const vec *)(bias + c) : (vec){0};
            for (int i = 0; i < step && row * step + i < g.height; i++) {
                output_line(half[i], out, step);
                float *to = y + ((image * g.height + row * step + i) * g.width + column * step)
                                * g.channels + c;
                for (int j = 0; j < step && column * step + j < g.width; j++) {
                    const vec value = out[j] + add;
                    if (wanted == LANES) *(vec *)(to + j * g.channels) = value;
                    else memcpy(to + j * g.channels, &value, 4 * (size_t)wanted);
                }
            }
        }
    }
}

static inline void spread_line(const vec *d, vec out[6], int64_t step) {
    vec a, b, e, f;
    if (step == 4) {
        a = d[0] + d[2], b = d[1] + d[3], e = d[0] + 4 * d[2], f = 2 * d[1] + 8 * d[3];
        out[5] = d[3];
    } else {
        a = d[0], b = d[1], e = d[0], f = 2 * d[1];
        out[5] = d[1];
    }
    out[0] = d[0];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = e + f;
    out[4] = e - f;
}

/* A dy A^T, the transpose of `output_tiles`: dm[point][tile][padded channel]. */
static inline void spread_tiles_of(const float *dy, grid g, int64_t padded, int64_t first,
                                   int64_t count, float *dm, const int64_t step) {
    const int64_t stride = count * padded;
    for (int64_t t = 0; t < count; t++) {
        const int64_t tile = first + t, column = tile % g.columns;
        const int64_t row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        for (int64_t c = 0; c < padded; c += LANES) {
            const int64_t left = g.channels - c, wanted = left < 0 ? 0 : left < LANES ? left : LANES;
            vec half[6][4], line[4], out[6];
            for (int j = 0; j < step; j++) {
                for (int i = 0; i < step; i++) {
                    const int64_t y = row * step + i, x = column * step + j;
                    line[i] = (vec){0};
                    if (y < g.height && x < g.width) {
                        const float *from =
                            dy + ((image * g.height + y) * g.width + x) * g.channels + c;
                        if (wanted == LANES) line[i] = *(const vec *)from;
                        else memcpy(&line[i], from, 4 * (size_t)wanted);
                    }
                }
                spread_line(line, out, step);
                for (int i = 0; i < 6; i++) half[i][j] = out[i];
            }
            for (int i = 0; i < 6; i++) {
                spread_line(half[i], out, step);
                float *to = dm + 6 * i * stride + t * padded + c;
                for (int j = 0; j < 6; j++) *(vec *)(to + j * stride) = out[j];
            }
        }
    }
}

/* c[q][2 LANES] (+)= the sum over l < length of a[q step + l stride] b[l][2 LANES], q < count. */
static inline __attribute__((always_inline)) void multiply_few(
    const float *restrict a, int64_t step, int64_t stride, const float *restrict b,
    float *restrict c, int64_t n, int64_t length, const int count, const int add) {
    vec s[6][2];
#pragma GCC unroll 6
    for (int q = 0; q < count; q++) {
        s[q][0] = add ? *(const vec *)(c + q * n) : (vec){0};
        s[q][1] = add ? *(const vec *)(c + q * n + LANES) : (vec){0};
    }
    for (int64_t l = 0; l < length; l++) {
        const vec w0 = *(const vec *)(b + l * n), w1 = *(const vec *)(b + l * n + LANES);
#pragma GCC unroll 6
        for (int q = 0; q < count; q++) {
            s[q][0] += a[q * step + l * stride] * w0;
            s[q][1] += a[q * step + l * stride] * w1;
        }
    }
#pragma GCC unroll 6
    for (int q = 0; q < count; q++) {
        *(vec *)(c + q * n) = s[q][0];
        *(vec *)(c + q * n + LANES) = s[q][1];
    }
}

/* c[rows][n] = a[rows][k] b[k][n]; n a multiple of 2 LANES. */
static void multiply(const float *a, const float *b, float *c, int64_t rows, int64_t k, int64_t n) {
    for (int64_t j = 0; j < n; j += 2 * LANES) {
        int64_t i = 0;
        for (; i + 6 <= rows; i += 6)
            multiply_few(a + i * k, k, 1, b + j, c + i * n + j, n, k, 6, 0);
        for (; i < rows; i++) multiply_few(a + i * k, k, 1, b + j, c + i * n + j, n, k, 1, 0);
    }
}

/* c[k][n] += a[rows][k]^T b[rows][n]; n a multiple of 2 LANES. */
static void multiply_transposed(const float *a, const float *b, float *c, int64_t rows, int64_t k,
                                int64_t n) {
    for (int64_t j = 0; j < n; j += 2 * LANES) {
        int64_t i = 0;
        for (; i + 6 <= k; i += 6)
            multiply_few(a + i, 1, k, b + j, c + i * n + j, n, rows, 6, 1);
        for (; i + 4 <= k; i += 4)
            multiply_few(a + i, 1, k, b + j, c + i * n + j, n, rows, 4, 1);
        for (; i < k; i++) multiply_few(a + i, 1, k, b + j, c + i * n + j, n, rows, 1, 1);
    }
}

static void output_tiles(const float *m, const float *bias, grid g, int64_t padded, int64_t first,
                         int64_t count, float *y) {
    if (g.step == 4) output_tiles_of(m, bias, g, padded, first, count, y, 4);
    else output_tiles_of(m, bias, g, padded, first, count, y, 2);
}

static void spread_tiles(const float *dy, grid g, int64_t padded, int64_t first, int64_t count,
                         float *dm) {
    if (g.step == 4) spread_tiles_of(dy, g, padded, first, count, dm, 4);
    else spread_tiles_of(dy, g, padded, first, count, dm, 2);
}

/* Scratch, in floats: POINTS * BLOCK * (in + out). */
int64_t nitidez_scratch(int64_t in, int64_t out) { return POINTS * BLOCK * (in + out); }

/* y (N, H, W, out) = x (N, H, W, in) * u + bias; u (36, in, padded), bias (padded) or NULL. */
void nitidez_forward(const float *x, const float *u, const float *bias, float *y, int64_t height,
                     int64_t width, int64_t in, int64_t out, int64_t padded, int64_t taps,
                     int64_t first, int64_t last, float *scratch) {
    const grid gi = make_grid(height, width, in, taps), go = make_grid(height, width, out, taps);
    for (int64_t t = first; t < last; t += BLOCK) {
        const int64_t count = last - t < BLOCK ? last - t : BLOCK;
        float *v = scratch, *m = scratch + POINTS * count * in;
        input_tiles(x, gi, t, count, v);
        for (int64_t p = 0; p < POINTS; p++)
            multiply(v + p * count * in, u + p * in * padded, m + p * count * padded, count, in,
                     padded);
        output_tiles(m, bias, go, padded, t, count, y);
    }
}

/* du (36, in, padded) += the gradient of the transformed weights, from x and dy (N, H, W, out). */
void nitidez_weights(const float *x, const float *dy, float *du, int64_t height, int64_t width,
                     int64_t in, int64_t out, int64_t padded, int64_t taps, int64_t first,
                     int64_t last, float *scratch) {
    const grid gi = make_grid(height, width, in, taps), go = make_grid(height, width, out, taps);
    for (int64_t t = first; t < last; t += BLOCK) {
        const int64_t count = last - t < BLOCK ? last - t : BLOCK;
        float *v = scratch, *dm = scratch + POINTS * count * in;
        input_tiles(x, gi, t, count, v);
        spread_tiles(dy, go, padded, t, count, dm);
        for (int64_t p = 0; p < POINTS; p++)
            multiply_transposed(v + p * count * in, dm + p * count * padded, du + p * in * padded,
                                count, in, padded);
    }
}
