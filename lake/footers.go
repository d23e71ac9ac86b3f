package lake

import (
	"container/list"
	"sync"

	"github.com/quoll/quoll/internal/parquetpages"
)

// maxFooters bounds the memory of footers that are kept: of a year of files with a hundred
// columns in two row groups each.
const maxFooters = 8 << 20

// footers keeps what is known of the files that rows were found in last: to read a footer
// takes as long as to find a row. A file never changes, and its path never comes again, so
// nothing is ever out of date; what nobody asks for any more makes room.
type footers struct {
	mu    sync.Mutex
	most  int64
	bytes int64
	last  *list.List // of keptFooter, what was asked for last in front
	known map[string]*list.Element
}

type keptFooter struct {
	path   string
	footer *parquetpages.Footer
}

func newFooters(most int64) *footers {
	return &footers{most: most, last: list.New(), known: map[string]*list.Element{}}
}

// of returns the footer of a file.
func (k *footers) of(path string, source parquetpages.Source) (*parquetpages.Footer, error) {
	if footer := k.get(path); footer != nil {
		return footer, nil
	}
	footer, err := parquetpages.ReadFooter(source)
	if err != nil {
		return nil, err
	}
	k.put(path, footer)
	return footer, nil
}

func (k *footers) get(path string) *parquetpages.Footer {
	k.mu.Lock()
	defer k.mu.Unlock()
	at, ok := k.known[path]
	if !ok {
		return nil
	}
	k.last.MoveToFront(at)
	return at.Value.(keptFooter).footer
}

func (k *footers) put(path string, footer *parquetpages.Footer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.known[path]; ok {
		return // somebody else was quicker
	}
	k.known[path] = k.last.PushFront(keptFooter{path, footer})
	k.bytes += footer.Bytes()
	for k.bytes > k.most {
		oldest := k.last.Remove(k.last.Back()).(keptFooter)
		delete(k.known, oldest.path)
		k.bytes -= oldest.footer.Bytes()
	}
}
