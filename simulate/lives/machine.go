// Package lives is what the simulations share: a machine whose disk fails and
// whose power is cut, the river on it as one process after the other opens it,
// what can be seen in its tables, and the count of what was met over many lives.
//
// It must not know what a tenant produces, nor over which road it comes.
package lives

import (
	"database/sql"
	"errors"
	"math/rand/v2"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/internal/state/statetest"
)

// The databases of every machine.
const (
	stateDB   = "state.db"
	catalogDB = "catalog.db"
)

// Machine is what outlives the processes on it: its disk and its databases.
type Machine struct {
	Faults    *Faults
	disk      *durabletest.FS
	databases map[string]*statetest.Database
	random    *rand.Rand
}

// NewMachine returns a machine with an empty disk, and empty databases of the
// names beside those of every machine.
func NewMachine(seed uint64, databases ...string) (*Machine, error) {
	m := &Machine{
		Faults: newFaults(seed), disk: durabletest.New(nil),
		databases: map[string]*statetest.Database{}, random: rand.New(rand.NewPCG(seed, 2)),
	}
	m.disk.SetInject(m.Faults.decide)
	for _, name := range append(databases, stateDB, catalogDB) {
		made, err := statetest.New(name)
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.databases[name] = made
	}
	return m, nil
}

// Close forgets the machine.
func (m *Machine) Close() error {
	var errs []error
	for _, d := range m.databases {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// Database returns a database as a process on the machine sees it.
func (m *Machine) Database(name string) *sql.DB { return m.databases[name].Open(m.disk) }

// Cut takes the power away between two operations of the disk.
func (m *Machine) Cut() { m.disk.Stop() }

// Crashed reports whether the machine stands still.
func (m *Machine) Crashed() bool { return m.disk.Crashed() }

// Restart gives the machine power again after a crash. What was not synced is
// lost, in part or not at all.
func (m *Machine) Restart() {
	keep := []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome}[m.random.IntN(3)]
	m.disk = m.disk.AfterCrash(keep, m.random)
	m.disk.SetInject(m.Faults.decide)
}
