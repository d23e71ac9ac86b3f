package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// gone is an object that a certificate of disposal names.
type gone struct {
	ObjectLeaf
	certificate string // its file
}

// readDisposals reads the certificates of disposal: what they name need not be
// there. Each must be under the log; takeLogged finds whether it is.
func (v *verification) readDisposals() {
	v.disposed, v.unlogged, v.erased = map[string]gone{}, map[string]string{}, map[string]*erasedState{}
	next := 1
	for _, name := range sortedKeys(v.files) {
		sequence, ok := parseDisposalPath(name)
		if !ok {
			continue
		}
		for ; next < sequence; next++ {
			v.problem(disposalPath(next), Missing, "there is a certificate of disposal after it")
		}
		next = sequence + 1
		signed := v.read(name, maxDisposal)
		if signed == nil {
			continue
		}
		d, err := OpenDisposal(signed, v.public)
		if err == nil && d.Sequence != sequence {
			err = fmt.Errorf("it is the one of sequence %d", d.Sequence)
		}
		if err != nil {
			v.problem(name, Changed, err.Error())
			continue
		}
		sum := sha256.Sum256(signed)
		v.unlogged[hex.EncodeToString(sum[:])] = name
		for _, o := range d.Objects {
			v.disposed[o.Object] = gone{o, name}
			v.account(o.Object)
		}
		for _, e := range d.Erased {
			v.erased[e.Object.Object] = v.erased[e.Object.Object].next(e, name)
			v.account(e.Object.Object)
		}
	}
	for in := range v.objects {
		slices.Sort(v.objects[in])
		v.objects[in] = slices.Compact(v.objects[in])
	}
	v.checkLeftOver()
}

// account lists an object that need not be there itself.
func (v *verification) account(object string) {
	if in, _, _, ok := parseStoredPath(object); ok && !v.files[object] {
		v.objects[in] = append(v.objects[in], object)
	}
}

// takeLogged finds certificates among the payloads of the log.
func (v *verification) takeLogged(leaves []leaf) {
	for i := range leaves {
		if len(v.unlogged) == 0 {
			return
		}
		if l, ok := scanPayloadLeaf(leaves[i].data); ok {
			delete(v.unlogged, string(l.sum))
		}
	}
}

// checkLogged names certificates that the log does not have: somebody may have
// disposed of something unseen.
func (v *verification) checkLogged() {
	for _, sum := range sortedKeys(v.unlogged) {
		v.problem(v.unlogged[sum], Extra, "the log has no such certificate of disposal")
	}
}

// judgeDisposed accounts for an object that is not there and that a certificate
// names.
func (c *objectCheck) judgeDisposed(o gone, leaves []leaf) {
	in, _, _, _ := parseStoredPath(o.Object)
	entries, own := leaves[:len(leaves)-1], leaves[len(leaves)-1]
	line, err := encodeLeaf(o.ObjectLeaf)
	if err != nil || !own.known || tlog.RecordHash(line) != own.hash {
		c.v.lose(o.Object, Missing, "the log needs this file, and "+o.certificate+" names another than the log has", lost{in, []Range{{o.First, o.Last}}})
		return
	}
	if in == ofDataFiles {
		c.disposedRows(entries)
		return
	}
	c.v.report.Disposed += uint64(len(entries))
}
