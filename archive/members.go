package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// members reads the members of an object in their order. The headers that the archive
// writes are all alike but for name, size and time, and are compared as bytes: most
// of verifying small payloads was package tar's reading of headers. From the first
// header on that is otherwise, package tar reads the rest, and judges it.
type members struct {
	r     io.Reader
	left  int64 // bytes of the member that have not been read
	pad   int64 // and what fills it up to a block
	tar   *tar.Reader
	block [tarBlock]byte
	skip  []byte
}

func newMembers(r io.Reader) *members { return &members{r: r} }

// Where things are in a header of ustar.
const (
	tarName     = 100        // the name ends before
	tarSize     = 124        // eleven octal digits and a zero byte, as is the time behind it
	tarSum      = 136 + 12   // the checksum: six octal digits, a zero byte, a space
	tarRest     = tarSum + 8 // from here on all headers are alike
	tarNumber   = 12
	tarSumDigit = 6
)

// plainHeader is the header of an empty member without a name, of 1970, and the sum
// of its bytes with spaces for the checksum.
var plainHeader = sync.OnceValues(func() ([]byte, int64) {
	var out bytes.Buffer
	if err := tar.NewWriter(&out).WriteHeader(memberHeader("", 0, time.Unix(0, 0))); err != nil {
		panic(fmt.Errorf("header of an empty member: %w", err)) // nothing in it can be refused
	}
	sum := int64(8 * ' ')
	for i, b := range out.Bytes() {
		if i < tarSum || i >= tarRest {
			sum += int64(b)
		}
	}
	return out.Bytes(), sum
})

// next goes on to the next member, which has to have a name.
func (m *members) next(want string) (size int64, err error) {
	name, size, err := m.step(want)
	if err != nil {
		return 0, fmt.Errorf("member %s: %w", want, err)
	}
	if name != want {
		return 0, fmt.Errorf("member %q where %s should be", name, want)
	}
	return size, nil
}

// seek goes on to the member of a name. The error is io.EOF if there is none.
func (m *members) seek(want string) (size int64, err error) {
	for {
		name, size, err := m.step(want)
		if err != nil || name == want {
			return size, err
		}
	}
}

// end says whether there is no further member.
func (m *members) end() error {
	name, _, err := m.step("")
	if err == nil {
		return fmt.Errorf("extra member %q", name)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// step goes on to the next member. The name is the wanted one itself where it is the
// same, which saves its memory.
func (m *members) step(want string) (name string, size int64, err error) {
	if m.tar == nil {
		err := m.pass(m.left)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", 0, err
		}
		if err := m.pass(m.pad); err != nil {
			return "", 0, err // an end, as package tar has it
		}
		m.left, m.pad = 0, 0
		n, err := io.ReadFull(m.r, m.block[:])
		if errors.Is(err, io.EOF) || n == tarBlock && !m.plain() {
			m.tar = tar.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(m.block[:n])), m.r))
		} else if err != nil {
			return "", 0, err
		}
	}
	if m.tar == nil {
		read, _, _ := bytes.Cut(m.block[:tarName], []byte{0})
		if name = want; string(read) != want {
			name = string(read)
		}
		return name, m.left, nil
	}
	h, err := m.tar.Next()
	if err != nil {
		return "", 0, err
	}
	if h.Typeflag != tar.TypeReg {
		return "", 0, fmt.Errorf("member %q is no file", h.Name)
	}
	return h.Name, h.Size, nil
}

// plain says whether the block is a header that the archive writes, and takes its
// size.
func (m *members) plain() bool {
	common, sum := plainHeader()
	b := m.block[:]
	if !bytes.Equal(b[tarName:tarSize], common[tarName:tarSize]) || !bytes.Equal(b[tarRest:], common[tarRest:]) {
		return false
	}
	name := bytes.IndexByte(b[:tarName], 0)
	if name <= 0 {
		return false
	}
	for _, c := range b[name:tarName] {
		if c != 0 {
			return false
		}
	}
	size, ok := octal(b[tarSize : tarSize+tarNumber])
	_, timeOK := octal(b[tarSize+tarNumber : tarSum])
	if !ok || !timeOK {
		return false
	}
	for i, c := range b[:name] {
		sum += int64(c) - int64(common[i])
	}
	for i, c := range b[tarSize:tarSum] {
		sum += int64(c) - int64(common[tarSize+i])
	}
	said, err := strconv.ParseInt(string(b[tarSum:tarSum+tarSumDigit]), 8, 64)
	if err != nil || said != sum || b[tarSum+tarSumDigit] != 0 || b[tarSum+tarSumDigit+1] != ' ' {
		return false
	}
	m.left, m.pad = size, (tarBlock-size%tarBlock)%tarBlock
	return true
}

// octal reads eleven octal digits and a zero byte.
func octal(text []byte) (n int64, ok bool) {
	last := len(text) - 1
	for _, c := range text[:last] {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0')
	}
	return n, text[last] == 0
}

// Read implements io.Reader, of the member.
func (m *members) Read(p []byte) (int, error) {
	if m.tar != nil {
		return m.tar.Read(p)
	}
	if m.left == 0 {
		return 0, io.EOF
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	if errors.Is(err, io.EOF) && m.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// pass reads over bytes.
func (m *members) pass(n int64) error {
	if n > 0 && m.skip == nil {
		m.skip = make([]byte, 32<<10)
	}
	for n > 0 {
		read, err := io.ReadFull(m.r, m.skip[:min(int64(len(m.skip)), n)])
		if n -= int64(read); err != nil {
			return endOf(err)
		}
	}
	return nil
}

// endOf takes an end within what is read for an end.
func endOf(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}
