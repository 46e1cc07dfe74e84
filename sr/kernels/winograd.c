/* Convolutions by Winograd's minimal filtering on 6x6 tiles, channels last.
 *
 * Two kernels share the six points 0, 1, -1, 2, -2, infinity and with them the transform of the
 * input: 3x3 with 4x4 outputs a tile (36 products for 16 outputs, a quarter of the direct 144) and
 * 5x5 with 2x2 outputs a tile (36 for 4 outputs, 0.36 of the direct 100).
 *
 * Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
 * arXiv:1509.09308. Equal to a direct convolution up to rounding (about 1e-5 of the largest value).
 *
 * Compiled with -DBF16, images are bfloat16, and so are the factors of the products, whose sums are
 * float32 (AVX512-BF16; rounding within about 3e-2 of the largest value). Two neighbours along the
 * summed axis then make a `cell`, which one instruction multiplies and adds up; else a cell is a
 * single number.
 *
 * Every function works on tiles [first, last) of all N * ceil(H / m) * ceil(W / m), so that
 * threads can share the work. Channels are multiples of LANES.
 */
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__wasm__)
#define LANES 4
#else
#define LANES 8
#endif
#define POINTS 36
#define SKEW 32 /* numbers between two points' matrices, so that they fall in different cache sets */
#define ROWS (LANES == 16 ? 12 : LANES == 8 ? 6 : 4) /* of a product, held in registers */

typedef ptrdiff_t integer; /* as wide as an address */
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t bits __attribute__((vector_size(4 * LANES)));

/* BLOCK: tiles that are transformed at once; their 36 matrices fit in a core's cache. */
#ifdef BF16
#ifndef __AVX512BF16__
#error "this processor has no AVX512-BF16"
#endif
#include <immintrin.h>
#define BLOCK 48
#define PER_CELL 2
typedef uint16_t number;
typedef uint32_t cell;

static inline vec load(const number *p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return (vec)_mm512_slli_epi32(wide, 16);
}

static inline void store(number *p, vec v) {
    _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh((__m512)v));
}

static inline vec multiply_add(vec sum, cell a, const cell *b) {
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)a),
                                 (__m512bh)_mm512_loadu_si512(b));
}

/* LANES cells of two numbers each. */
static inline void store_cells(cell *to, vec first, vec second) {
    number whole[2][LANES];
    store(whole[0], first);
    store(whole[1], second);
    for (integer lane = 0; lane < LANES; lane++)
        to[lane] = whole[0][lane] | (cell)whole[1][lane] << 16;
}

/* Rows two by two: to[row / 2][n] holds from[row][n] and from[row + 1][n], zero past the last. */
static const cell *pair_rows(const number *from, integer rows, integer n, cell *to) {
    for (integer i = 0; i < rows; i += 2)
        for (integer j = 0; j < n; j += LANES) {
            const number *at = from + i * n + j;
            __m512i pair = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)at));
            if (i + 1 < rows) {
                const __m256i next = _mm256_loadu_si256((const __m256i *)(at + n));
                pair = _mm512_or_si512(pair, _mm512_slli_epi32(_mm512_cvtepu16_epi32(next), 16));
            }
            _mm512_storeu_si512(to + i / 2 * n + j, pair);
        }
    return to;
}
#else
#define BLOCK 24
#define PER_CELL 1
typedef float number;
typedef float cell;

static inline vec load(const number *p) { return *(const vec *)p; }

static inline void store(number *p, vec v) { *(vec *)p = v; }

static inline vec multiply_add(vec sum, cell a, const cell *b) {
    return sum + a * *(const vec *)b;
}

static inline void store_cells(cell *to, vec first, vec second) {
    (void)second; /* the same as the first */
    *(vec *)to = first;
}

static const cell *pair_rows(const number *from, integer rows, integer n, cell *to) {
    (void)rows, (void)n, (void)to;
    return from;
}
#endif

/* PReLU. */
static inline vec bent(vec v, float slope) {
    const bits above = v > 0;
    return (vec)(((bits)v & above) | ((bits)(slope * v) & ~above));
}

/* `wanted` numbers of a vector, from 0 to LANES; the rest is zero, or stays as it was. */
static inline vec load_some(const number *p, integer wanted) {
    if (wanted == LANES) return load(p);
    number whole[LANES] = {0};
    __builtin_memcpy(whole, p, sizeof(number) * (size_t)wanted);
    return load(whole);
}

static inline void store_some(number *p, vec v, integer wanted) {
    if (wanted == LANES) {
        store(p, v);
        return;
    }
    number whole[LANES];
    store(whole, v);
    __builtin_memcpy(p, whole, sizeof(number) * (size_t)wanted);
}

typedef struct {
    integer height, width, channels; /* of the image that is read or written */
    integer step, pad, rows, columns; /* outputs a tile, zero border, tiles down and across */
} grid;

static grid make_grid(integer height, integer width, integer channels, integer taps) {
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
static void input_tiles(const number *x, grid g, integer first, integer count, number *v) {
    const integer stride = count * g.channels + SKEW;
    for (integer t = 0; t < count; t++) {
        const integer tile = first + t, column = tile % g.columns;
        const integer row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        const integer top = row * g.step - g.pad, left = column * g.step - g.pad;
        const number *base = x + image * g.height * g.width * g.channels;
        for (integer c = 0; c < g.channels; c += LANES) {
            vec half[6][6], line[6], out[6];
            for (int j = 0; j < 6; j++) {
                const integer xx = left + j;
                for (int i = 0; i < 6; i++) {
                    const integer y = top + i;
                    const int inside = y >= 0 && y < g.height && xx >= 0 && xx < g.width;
                    line[i] = inside ? load(base + (y * g.width + xx) * g.channels + c) : (vec){0};
                }
                input_line(line, out);
                for (int i = 0; i < 6; i++) half[i][j] = out[i];
            }
            for (int i = 0; i < 6; i++) {
                input_line(half[i], out);
                number *to = v + 6 * i * stride + t * g.channels + c;
                for (int j = 0; j < 6; j++) store(to + j * stride, out[j]);
            }
        }
    }
}

/* What follows a convolution, each NULL where nothing does: one slope, and images like y. */
typedef struct {
    const float *bias, *slope;
    const number *skip;
} after;

static inline void output_line(const vec m[6], vec *out, integer step) {
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

/* A^T m A plus the bias of `count` tiles, through a PReLU, plus `skip`, which may be y, into y; the
 * image may have fewer channels than m. */
static inline void output_tiles_of(const float *m, after then, grid g, integer padded,
                                   integer first, integer count, number *y, const integer step) {
    const integer stride = count * padded + SKEW;
    for (integer t = 0; t < count; t++) {
        const integer tile = first + t, column = tile % g.columns;
        const integer row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        for (integer c = 0; c < padded; c += LANES) {
            vec half[4][6], line[6], out[4];
            for (int j = 0; j < 6; j++) {
                const float *from = m + j * stride + t * padded + c;
                for (int i = 0; i < 6; i++) line[i] = *(const vec *)(from + 6 * i * stride);
                output_line(line, out, step);
                for (int i = 0; i < step; i++) half[i][j] = out[i];
            }
            const integer left = g.channels - c, wanted = left < 0 ? 0 : left < LANES ? left : LANES;
            const vec add = then.bias ? *(const vec *)(then.bias + c) : (vec){0};
            for (int i = 0; i < step && row * step + i < g.height; i++) {
                output_line(half[i], out, step);
                const integer at = ((image * g.height + row * step + i) * g.width + column * step)
                                       * g.channels + c;
                for (int j = 0; j < step && column * step + j < g.width; j++) {
                    vec v = out[j] + add;
                    if (then.slope) v = bent(v, *then.slope);
                    if (then.skip) v += load_some(then.skip + at + j * g.channels, wanted);
                    store_some(y + at + j * g.channels, v, wanted);
                }
            }
        }
    }
}

static inline void spread_line(const vec *d, vec out[6], integer step) {
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
static inline void spread_tiles_of(const number *dy, grid g, integer padded, integer first,
                                   integer count, number *dm, const integer step) {
    const integer stride = count * padded + SKEW;
    for (integer t = 0; t < count; t++) {
        const integer tile = first + t, column = tile % g.columns;
        const integer row = tile / g.columns % g.rows, image = tile / g.columns / g.rows;
        for (integer c = 0; c < padded; c += LANES) {
            const integer left = g.channels - c, wanted = left < 0 ? 0 : left < LANES ? left : LANES;
            vec half[6][4], line[4], out[6];
            for (int j = 0; j < step; j++) {
                for (int i = 0; i < step; i++) {
                    const integer y = row * step + i, x = column * step + j;
                    line[i] = (vec){0};
                    if (y < g.height && x < g.width)
                        line[i] = load_some(
                            dy + ((image * g.height + y) * g.width + x) * g.channels + c, wanted);
                }
                spread_line(line, out, step);
                for (int i = 0; i < 6; i++) half[i][j] = out[i];
            }
            for (int i = 0; i < 6; i++) {
                spread_line(half[i], out, step);
                number *to = dm + 6 * i * stride + t * padded + c;
                for (int j = 0; j < 6; j++) store(to + j * stride, out[j]);
            }
        }
    }
}

/* c[q][2 LANES] (+)= the sum over l < length of a[q step + l stride] b[l][2 LANES], q < count. */
static inline __attribute__((always_inline)) void multiply_few(
    const cell *restrict a, integer step, integer stride, const cell *restrict b,
    float *restrict c, integer n, integer length, const int count, const int add) {
    vec s[ROWS][2];
#pragma GCC unroll 12
    for (int q = 0; q < count; q++) {
        s[q][0] = add ? *(const vec *)(c + q * n) : (vec){0};
        s[q][1] = add ? *(const vec *)(c + q * n + LANES) : (vec){0};
    }
    for (integer l = 0; l < length; l++) {
#pragma GCC unroll 12
        for (int q = 0; q < count; q++) {
            s[q][0] = multiply_add(s[q][0], a[q * step + l * stride], b + l * n);
            s[q][1] = multiply_add(s[q][1], a[q * step + l * stride], b + l * n + LANES);
        }
    }
#pragma GCC unroll 12
    for (int q = 0; q < count; q++) {
        *(vec *)(c + q * n) = s[q][0];
        *(vec *)(c + q * n + LANES) = s[q][1];
    }
}

/* c[rows][n] (+)= a[rows][length] b[length][n], or a[length][rows]^T when `turned`; n a multiple of
 * 2 LANES. */
static inline __attribute__((always_inline)) void multiply(
    const cell *a, const cell *b, float *c, integer rows, integer length, integer n,
    const int turned) {
    const integer step = turned ? 1 : length, stride = turned ? rows : 1;
    for (integer j = 0; j < n; j += 2 * LANES) {
        integer i = 0;
        for (; i + ROWS <= rows; i += ROWS)
            multiply_few(a + i * step, step, stride, b + j, c + i * n + j, n, length, ROWS, turned);
        for (; i + 4 <= rows; i += 4)
            multiply_few(a + i * step, step, stride, b + j, c + i * n + j, n, length, 4, turned);
        for (; i < rows; i++)
            multiply_few(a + i * step, step, stride, b + j, c + i * n + j, n, length, 1, turned);
    }
}

static void output_tiles(const float *m, after then, grid g, integer padded, integer first,
                         integer count, number *y) {
    if (g.step == 4) output_tiles_of(m, then, g, padded, first, count, y, 4);
    else output_tiles_of(m, then, g, padded, first, count, y, 2);
}

static void spread_tiles(const number *dy, grid g, integer padded, integer first, integer count,
                         number *dm) {
    if (g.step == 4) spread_tiles_of(dy, g, padded, first, count, dm, 4);
    else spread_tiles_of(dy, g, padded, first, count, dm, 2);
}

/* The values of a filter's line at the six points. */
static inline __attribute__((always_inline)) void filter_line(const vec *g, vec out[6],
                                                              const int taps) {
    vec even = g[0] + g[2], odd = g[1], even2 = g[0] + 4 * g[2], odd2 = 2 * g[1];
    if (taps == 5) even += g[4], odd += g[3], even2 += 16 * g[4], odd2 += 8 * g[3];
    out[0] = g[0] / 4;
    out[1] = (even + odd) / -6;
    out[2] = (even - odd) / -6;
    out[3] = (even2 + odd2) / 24;
    out[4] = (even2 - odd2) / 24;
    out[5] = g[taps - 1];
}

/* The filters of LANES outputs (of which `wanted` are there) from one input, at the 36 points. */
static inline __attribute__((always_inline)) void filter_points(
    const float *weight, integer out_step, integer wanted, int flipped, vec points[POINTS],
    const int taps) {
    vec half[6][5], line[5], out[6];
    for (int b = 0; b < taps; b++) {
        for (int a = 0; a < taps; a++) {
            const int tap = flipped ? taps * taps - 1 - a * taps - b : a * taps + b;
            line[a] = (vec){0};
            for (integer o = 0; o < wanted; o++) line[a][o] = weight[o * out_step + tap];
        }
        filter_line(line, out, taps);
        for (int i = 0; i < 6; i++) half[i][b] = out[i];
    }
    for (int i = 0; i < 6; i++) {
        filter_line(half[i], out, taps);
        for (int j = 0; j < 6; j++) points[6 * i + j] = out[j];
    }
}

/* u (36, in_padded, padded), in cells, from filters of taps x taps floats `out_step` and `in_step`
 * apart; flipped: turned by half a circle. */
void nitidez_filters(const float *weight, cell *u, integer in, integer in_padded, integer out,
                     integer padded, integer in_step, integer out_step, integer flipped,
                     integer taps) {
    for (integer i = 0; i < in_padded; i += PER_CELL)
        for (integer o = 0; o < padded; o += LANES) {
            const integer left = out - o, wanted = left < 0 ? 0 : left < LANES ? left : LANES;
            vec points[PER_CELL][POINTS];
            for (int k = 0; k < PER_CELL; k++) {
                const float *at = weight + (i + k) * in_step + o * out_step;
                const integer there = i + k < in ? wanted : 0;
                if (taps == 3) filter_points(at, out_step, there, (int)flipped, points[k], 3);
                else filter_points(at, out_step, there, (int)flipped, points[k], 5);
            }
            for (integer p = 0; p < POINTS; p++) {
                cell *to = u + (p * in_padded + i) / PER_CELL * padded + o;
                store_cells(to, points[0][p], points[PER_CELL - 1][p]);
            }
        }
}

/* Scratch, in floats: the matrices of 36 points, and a point's two with their rows paired. */
integer nitidez_scratch(integer in, integer out) {
    return (POINTS + 1) * (BLOCK * (in + out) + 2 * SKEW);
}

/* y (N, H, W, out) = x (N, H, W, in) * u + bias, through a PReLU of one slope, plus skip (N, H, W,
 * out), which may be y; u (36, in, padded) in cells, bias (padded), and each may be NULL but x, u
 * and y. */
void nitidez_forward(const number *x, const cell *u, const float *bias, const float *slope,
                     const number *skip, number *y, integer height, integer width, integer in,
                     integer out, integer padded, integer taps, integer first, integer last,
                     float *scratch) {
    const grid gi = make_grid(height, width, in, taps), go = make_grid(height, width, out, taps);
    const integer length = in / PER_CELL;
    number *v = (number *)scratch;
    float *m = scratch + POINTS * (BLOCK * in + SKEW);
    for (integer t = first; t < last; t += BLOCK) {
        const integer count = last - t < BLOCK ? last - t : BLOCK;
        input_tiles(x, gi, t, count, v);
        for (integer p = 0; p < POINTS; p++)
            multiply((const cell *)(v + p * (count * in + SKEW)), u + p * length * padded,
                     m + p * (count * padded + SKEW), count, length, padded, 0);
        output_tiles(m, (after){bias, slope, skip}, go, padded, t, count, y);
    }
}

/* du (36, in, padded) += the gradient of the transformed weights, from x and dy (N, H, W, out). */
void nitidez_weights(const number *x, const number *dy, float *du, integer height, integer width,
                     integer in, integer out, integer padded, integer taps, integer first,
                     integer last, float *scratch) {
    const grid gi = make_grid(height, width, in, taps), go = make_grid(height, width, out, taps);
    number *v = (number *)scratch;
    number *dm = (number *)(scratch + POINTS * (BLOCK * in + SKEW));
    cell *v_pairs = (cell *)(scratch + POINTS * (BLOCK * (in + padded) + 2 * SKEW));
    cell *dm_pairs = v_pairs + BLOCK * in;
    for (integer t = first; t < last; t += BLOCK) {
        const integer count = last - t < BLOCK ? last - t : BLOCK;
        input_tiles(x, gi, t, count, v);
        spread_tiles(dy, go, padded, t, count, dm);
        for (integer p = 0; p < POINTS; p++)
            multiply(pair_rows(v + p * (count * in + SKEW), count, in, v_pairs),
                     pair_rows(dm + p * (count * padded + SKEW), count, padded, dm_pairs),
                     du + p * in * padded, in, (count + PER_CELL - 1) / PER_CELL, padded, 1);
    }
}
