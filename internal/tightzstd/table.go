package tightzstd

import (
	"math"
	"math/bits"
)

// table is one of finite state entropy: of how many of its states each code has, and what
// a code does to a state.
type table struct {
	log    uint8
	one    bool // of a single code, which takes no bits
	shares [maxCode + 1]int16
	next   []uint16
	steps  [maxCode + 1]step
}

// step is what a code does to a state.
type step struct {
	bits  uint32 // so many, in the upper half, or one less
	state int32
}

// maxLogs bounds the logarithm of a table's size, by the format, and predefined are the
// tables that every decoder has.
var (
	maxLogs = [3]uint8{ofLiterals: 9, ofOffset: 8, ofLength: 9}

	predefined = [3]*table{
		ofLiterals: newTable([]int16{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}, 6),
		ofOffset:   newTable([]int16{1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, 5),
		ofLength: newTable([]int16{1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}, 6),
	}
)

// newTable makes the table of shares, whose sum is 1<<log; -1 is less than one state's share.
func newTable(shares []int16, log uint8) *table {
	t := &table{log: log}
	copy(t.shares[:], shares)
	size := 1 << log
	symbols := make([]uint8, size)
	high := size - 1
	for code, share := range t.shares {
		if share < 0 {
			symbols[high] = uint8(code)
			high--
		}
	}
	at, stride := 0, size>>1+size>>3+3
	for code, share := range t.shares {
		for range share {
			symbols[at] = uint8(code)
			at = (at + stride) & (size - 1)
			for at > high {
				at = (at + stride) & (size - 1)
			}
		}
	}
	var from [maxCode + 2]int
	for code, share := range t.shares {
		n := int(max(share, -share))
		from[code+1] = from[code] + n
		if n == 0 {
			continue
		}
		most := log
		if n > 1 {
			most = log - uint8(bits.Len(uint(n-1))-1)
		}
		t.steps[code] = step{uint32(most)<<16 - uint32(n)<<most, int32(from[code] - n)}
	}
	t.next = make([]uint16, size)
	for i, code := range symbols {
		t.next[from[code]] = uint16(size + i)
		from[code]++
	}
	return t
}

// state is where the writer of a kind of codes is.
type state struct {
	table *table
	value uint32
}

func (s *state) begin(t *table, code uint8) {
	s.table = t
	if t.one {
		return
	}
	step := t.steps[code]
	n := (step.bits + 1<<15) >> 16
	s.value = uint32(t.next[int32((n<<16-step.bits)>>n)+step.state])
}

func (s *state) add(w *bitWriter, code uint8) {
	if s.table.one {
		return
	}
	step := s.table.steps[code]
	n := (s.value + step.bits) >> 16
	w.add(uint64(s.value&(1<<n-1)), uint8(n))
	s.value = uint32(s.table.next[int32(s.value>>n)+step.state])
}

func (s *state) end(w *bitWriter) {
	if !s.table.one {
		w.add(uint64(s.value&(1<<s.table.log-1)), s.table.log)
	}
}

// cost is how many bits codes take by a table; infinite if it lacks one.
func (t *table) cost(count *[maxCode + 1]uint32) (sum float64) {
	if t == nil {
		return math.Inf(1)
	}
	for code, n := range count {
		share := t.shares[code]
		switch {
		case n == 0:
		case share == 0:
			return math.Inf(1)
		case !t.one:
			sum += float64(n) * (float64(t.log) - math.Log2(float64(max(share, -share))))
		}
	}
	return sum
}

// appendTable writes by which table the codes of a kind are written, whichever takes the
// fewest bits.
func (e *Encoder) appendTable(dst []byte, kind, n int) (out []byte, way byte) {
	count := &e.coder.count[kind]
	different, code := 0, 0
	for c, n := range count {
		if n > 0 {
			different, code = different+1, c
		}
	}
	same, known := e.tables[kind].cost(count), predefined[kind].cost(count)
	if different == 1 {
		if n > 2 || math.IsInf(min(same, known), 1) {
			one := &table{one: true}
			one.shares[code] = 1
			e.tables[kind] = one
			return append(dst, byte(code)), tableOne
		}
	}
	var made *table
	var written []byte
	cost := math.Inf(1)
	if different > 1 {
		made = newTable(sharesOf(count, n, different, maxLogs[kind]))
		written = made.append(nil)
		cost = made.cost(count) + 8*float64(len(written))
	}
	switch {
	case known <= cost && known <= same:
		e.tables[kind] = predefined[kind]
		return dst, tablePredefined
	case same <= cost:
		return dst, tableSame
	}
	e.tables[kind] = made
	return append(dst, written...), tableWritten
}

// sharesOf divides the states of a table among the codes by how often they are there.
func sharesOf(count *[maxCode + 1]uint32, n, different int, maxLog uint8) (shares []int16, log uint8) {
	least := max(5, bits.Len(uint(different)))
	log = uint8(min(int(maxLog), max(least, bits.Len(uint(n-1))-2)))
	shares = make([]int16, maxCode+1)
	left := 1 << log
	for code, c := range count {
		if c > 0 {
			shares[code] = int16(max(1, int(c)<<log/n))
			left -= int(shares[code])
		}
	}
	gain := func(code int, share int16) float64 { // by one state more than share
		return float64(count[code]) * math.Log2(float64(share+1)/float64(share))
	}
	for ; left != 0; left -= sign(left) {
		best, most := -1, 0.0
		for code, share := range shares {
			switch {
			case share == 0 || left < 0 && share == 1:
			case left > 0:
				if g := gain(code, share); best < 0 || g > most {
					best, most = code, g
				}
			default:
				if g := -gain(code, share-1); best < 0 || g > most {
					best, most = code, g
				}
			}
		}
		shares[best] += int16(sign(left))
	}
	return shares, log
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}

// append writes the shares of a table.
func (t *table) append(dst []byte) []byte {
	w := bitWriter{to: dst}
	w.add(uint64(t.log-5), 4)
	remaining, threshold, width := 1<<t.log+1, 1<<t.log, t.log+1
	code := 0
	for remaining > 1 {
		share := int(t.shares[code])
		code++
		remaining -= max(share, -share)
		value, most := share+1, 2*threshold-1-(remaining+max(share, -share))
		if value >= threshold {
			value += most
		}
		n := width
		if value < most {
			n--
		}
		w.add(uint64(value), n)
		for remaining < threshold {
			width--
			threshold >>= 1
		}
		if share == 0 {
			code = t.appendZeros(&w, code)
		}
	}
	for ; w.have > 0; w.have -= min(8, w.have) {
		w.to = append(w.to, byte(w.pending))
		w.pending >>= 8
	}
	return w.to
}

// appendZeros writes how many codes from one on have no share, and returns the next that has.
func (t *table) appendZeros(w *bitWriter, code int) int {
	start := code
	for t.shares[code] == 0 {
		code++
	}
	zeros := code - start
	for ; zeros >= 3; zeros -= 3 {
		w.add(3, 2)
	}
	w.add(uint64(zeros), 2)
	return code
}
