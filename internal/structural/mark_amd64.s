#include "textflag.h"

// BYTES fills a register with a byte, by way of AX. Like all else here that is vectors
// it has the encoding of AVX: MOVQ between two such would cost more than a block.
#define BYTES(char, to, toLow) \
	MOVL $char, AX \
	VMOVQ AX, toLow \
	VPBROADCASTB toLow, to

// BITS puts one bit for each byte of two registers into a word of memory, by way of DX
// and R8. The registers hold what a comparison left.
#define BITS(low, high, place) \
	VPMOVMSKB low, DX \
	VPMOVMSKB high, R8 \
	SHLQ $32, R8 \
	ORQ  R8, DX \
	MOVQ DX, place(DI)

// func markAVX2(to *Block, text *byte, blocks int)
TEXT ·markAVX2(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ text+8(FP), SI
	MOVQ blocks+16(FP), CX
	BYTES(0x22, Y15, X15) // quote
	BYTES(0x5c, Y14, X14) // backslash
	BYTES(0x2c, Y13, X13) // comma
	BYTES(0x20, Y12, X12) // makes brackets of arrays those of objects
	BYTES(0x7b, Y11, X11) // {
	BYTES(0x7d, Y10, X10) // }

next:
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	VPCMPEQB Y0, Y15, Y2
	VPCMPEQB Y1, Y15, Y3
	BITS(Y2, Y3, 0)
	VPCMPEQB Y0, Y14, Y2
	VPCMPEQB Y1, Y14, Y3
	BITS(Y2, Y3, 8)
	VPOR     Y0, Y12, Y4
	VPOR     Y1, Y12, Y5
	VPCMPEQB Y4, Y11, Y2
	VPCMPEQB Y5, Y11, Y3
	VPCMPEQB Y4, Y10, Y4
	VPCMPEQB Y5, Y10, Y5
	VPOR     Y2, Y4, Y2
	VPOR     Y3, Y5, Y3
	BITS(Y2, Y3, 16)
	VPCMPEQB Y0, Y13, Y2
	VPCMPEQB Y1, Y13, Y3
	BITS(Y2, Y3, 24)
	ADDQ     $64, SI
	ADDQ     $32, DI
	DECQ     CX
	JNZ      next
	VZEROUPPER
	RET
