package series

import (
	"math"
	"math/bits"
	"math/cmplx"

	"github.com/quoll/quoll/kql/types"

	"github.com/quoll/quoll/kql/native"
)

func fourierFunctions() []native.Function {
	params := []types.Type{types.Dynamic, types.Dynamic}
	return []native.Function{
		{Name: "series_fft", Params: params, Result: types.Dynamic, Call: func(args []any) (any, error) { return fourier(args, transform), nil }},
		{Name: "series_ifft", Params: params, Result: types.Dynamic, Call: func(args []any) (any, error) { return fourier(args, inverse), nil }},
	}
}

// fourier gives the real and the imaginary part of a transformed series.
func fourier(args []any, f func([]complex128) []complex128) any {
	re, ok := finite(args[0])
	if !ok {
		return nil
	}
	im := make([]float64, len(re))
	if args[1] != nil {
		if im, ok = finite(args[1]); !ok || len(im) != len(re) {
			return nil
		}
	}
	x := make([]complex128, len(re))
	for i := range x {
		x[i] = complex(re[i], im[i])
	}
	re, im = make([]float64, len(x)), make([]float64, len(x))
	for i, c := range f(x) {
		re[i], im[i] = real(c), imag(c)
	}
	return []any{re, im}
}

// transform is the discrete Fourier transform in O(n log n) for any n.
func transform(x []complex128) []complex128 {
	n := len(x)
	if n&(n-1) == 0 {
		out := append([]complex128(nil), x...)
		radix2(out)
		return out
	}
	return bluestein(x)
}

// inverse is the inverse of transform: transform of the conjugate.
func inverse(x []complex128) []complex128 {
	n := len(x)
	conjugate := make([]complex128, n)
	for i, c := range x {
		conjugate[i] = cmplx.Conj(c)
	}
	out := transform(conjugate)
	for i, c := range out {
		out[i] = complex(real(c)/float64(n), -imag(c)/float64(n))
	}
	return out
}

// radix2 transforms in place; the length is a power of two.
func radix2(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	width := bits.Len(uint(n)) - 1
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> (64 - width)); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	roots := make([]complex128, n/2)
	for i := range roots {
		roots[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n))
	}
	for size := 2; size <= n; size *= 2 {
		half, stride := size/2, n/size
		for start := 0; start < n; start += size {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*roots[k*stride]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

// bluestein writes a transform of any length as a convolution, which is
// computed with transforms of a power of two.
func bluestein(x []complex128) []complex128 {
	n := len(x)
	size := 1 << bits.Len(uint(2*n-1))
	chirp := make([]complex128, n)
	a, b := make([]complex128, size), make([]complex128, size)
	for i := range chirp {
		square := (uint64(i) * uint64(i)) % uint64(2*n) // the angle repeats; small numbers keep it exact
		chirp[i] = cmplx.Rect(1, -math.Pi*float64(square)/float64(n))
		a[i] = x[i] * chirp[i]
		b[i] = cmplx.Conj(chirp[i])
		if i > 0 {
			b[size-i] = b[i]
		}
	}
	radix2(a)
	radix2(b)
	for i := range a {
		a[i] *= b[i]
	}
	a = inverse(a)
	out := make([]complex128, n)
	for i := range out {
		out[i] = a[i] * chirp[i]
	}
	return out
}
