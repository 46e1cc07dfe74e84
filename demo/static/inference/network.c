/* SRResNet and LPIPS for WebAssembly: what they need beside the convolutions of sr/kernels/winograd.c.
 *
 * One picture, channels last. Every function works on rows [first, last), as those of winograd.c do
 * on tiles, so that workers which share the memory can share the work.
 */
#include "winograd.c"

/* y (H, W, out) = the convolution of `in` channels at every stride-th place, through a PReLU of one
 * slope.
 *
 * padded: rows of padded_width pixels, zero around the picture; weight: (taps, in taps, out), of
 * each row of a filter what a row of the picture is multiplied with; out a multiple of 2 LANES.
 */
void nitidez_direct(const float *padded, const float *weight, const float *bias, const float *slope,
                    float *y, integer width, integer padded_width, integer in, integer out,
                    integer taps, integer stride, integer first, integer last) {
    const integer row = in * padded_width, length = in * taps, step = in * stride;
    for (integer r = first; r < last; r++)
        for (integer x = 0; x < width; x += ROWS) {
            const integer count = width - x < ROWS ? width - x : ROWS;
            float *to = y + (r * width + x) * out;
            for (integer q = 0; q < count; q++)
                __builtin_memcpy(to + q * out, bias, sizeof(float) * (size_t)out);
            for (integer i = 0; i < taps; i++) {
                const float *from = padded + (r * stride + i) * row + step * x;
                const float *by = weight + i * length * out;
                for (integer j = 0; j < out; j += 2 * LANES) {
                    if (count == ROWS)
                        multiply_few(from, step, 1, by + j, to + j, out, length, ROWS, 1);
                    else
                        for (integer q = 0; q < count; q++)
                            multiply_few(from + step * q, step, 1, by + j, to + q * out + j, out,
                                         length, 1, 1);
                }
            }
            for (integer j = 0; j < count * out; j += LANES)
                store(to + j, bent(load(to + j), *slope));
        }
}

/* y (f H, f W, C) = the pixel shuffle of x (H, W, f f C), whose channels are ordered by row, then by
 * column, of the pixel that they become. Rows are those of x.
 */
void nitidez_shuffle(const float *x, float *y, integer width, integer channels, integer factor,
                     integer first, integer last) {
    const integer line = factor * channels;
    for (integer r = first; r < last; r++)
        for (integer i = 0; i < factor; i++)
            for (integer c = 0; c < width; c++)
                __builtin_memcpy(y + ((factor * r + i) * width + c) * line,
                                 x + ((r * width + c) * factor + i) * line,
                                 sizeof(float) * (size_t)line);
}

/* Where the centre of one of `scale` parts of a line's pixels lies between two of its pixels. */
typedef struct {
    integer before, after;
    float share;
} place;

static place place_of(integer part, integer scale, integer length) {
    const float at = ((float)part + 0.5f) / (float)scale - 0.5f;
    const float inside = at < 0 ? 0 : at;
    const integer before = (integer)inside;
    return (place){before, before + 1 < length ? before + 1 : before, inside - (float)before};
}

/* rgb (rows, s columns, 3) = the pixel shuffle of x (h, w, 3 f f), plus the picture enlarged by
 * bilinear, from [0, 1] to [0, 255]; *broken = 1 where a number is not finite.
 *
 * padded: the picture (height, width, 3) with `border` zeros around it; x begins at its row x_top
 * and column x_left, rgb at its row `top` and column `left`. Rows are those of rgb.
 */
void nitidez_last(const float *x, const float *padded, uint8_t *rgb, int32_t *broken, integer scale,
                  integer factor, integer height, integer width, integer border, integer x_top,
                  integer x_left, integer x_width, integer top, integer left, integer columns,
                  integer first, integer last) {
    const integer parts = factor * factor, line = 3 * (width + 2 * border);
    const float *picture = padded + border * line + 3 * border;
    for (integer r = first; r < last; r++) {
        const integer high = scale * top + r, from_top = high - scale * x_top;
        const place v = place_of(high, scale, height);
        const float *upper = picture + v.before * line, *lower = picture + v.after * line;
        for (integer c = 0; c < scale * columns; c++) {
            const integer wide = scale * left + c, from_left = wide - scale * x_left;
            const place h = place_of(wide, scale, width);
            const float *from = x + (from_top / factor * x_width + from_left / factor) * 3 * parts
                                + from_top % factor * factor + from_left % factor;
            for (integer k = 0; k < 3; k++) {
                const float *a = upper + 3 * h.before + k, *b = upper + 3 * h.after + k;
                const float *d = lower + 3 * h.before + k, *e = lower + 3 * h.after + k;
                const float over = *a + h.share * (*b - *a), under = *d + h.share * (*e - *d);
                const float value = from[k * parts] + over + v.share * (under - over);
                if (!(value - value == 0)) *broken = 1;
                const float level = 255 * value;
                rgb[(r * scale * columns + c) * 3 + k] =
                    level > 0 ? level < 255 ? (uint8_t)(level + 0.5f) : 255 : 0;
            }
        }
    }
}
