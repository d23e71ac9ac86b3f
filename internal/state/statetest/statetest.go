// Package statetest is an SQLite database in memory whose commits are
// operations of a durabletest.FS: a test can make any of them fail, before or
// after it took effect, and stop the machine at any of them. What was committed
// is there after a restart and nothing else, which is what SQLite promises of
// its write-ahead log with synchronous=FULL.
//
// It must not know what is stored.
package statetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"github.com/quoll/quoll/internal/durable/durabletest"
)

// options are those of package state, as far as they have a meaning in memory.
const options = ":memory:?_foreign_keys=on&_txlock=immediate"

// Database outlives the machines that use it.
type Database struct {
	name string
	conn sqlite
	// statements are kept by their text: reading SQL is most of the time of a
	// short life.
	statements map[string]statement
}

// statement is what the driver's statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// sqlite is what the driver's connections can do.
type sqlite interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

// New returns an empty database. The name is that of its operations, whose kind
// is "commit".
func New(name string) (*Database, error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	able, ok := conn.(sqlite)
	if !ok {
		return nil, errors.Join(fmt.Errorf("open %s: the driver's %T lacks methods", name, conn), conn.Close())
	}
	return &Database{name, able, map[string]statement{}}, nil
}

// Close forgets the database.
func (d *Database) Close() error {
	var errs []error
	for _, s := range d.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, d.conn.Close())...)
}

// take returns a statement that nobody else uses until it is given back.
func (d *Database) take(ctx context.Context, query string) (statement, error) {
	if s, ok := d.statements[query]; ok {
		delete(d.statements, query)
		return s, nil
	}
	s, err := d.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(statement), nil
}

func (d *Database) give(query string, s statement) error {
	if _, ok := d.statements[query]; ok {
		return s.Close()
	}
	d.statements[query] = s
	return nil
}

// Open returns the database as a process on the machine sees it. Only one
// process may have it open at a time; closing it leaves what was committed.
func (d *Database) Open(machine *durabletest.FS) *sql.DB {
	db := sql.OpenDB(connector{d, machine})
	db.SetMaxOpenConns(1)
	return db
}

type connector struct {
	database *Database
	machine  *durabletest.FS
}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	return &conn{sqlite: c.database.conn, database: c.database, machine: c.machine}, nil
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return nowhere{} }

type nowhere struct{}

func (nowhere) Open(string) (driver.Conn, error) {
	return nil, errors.New("the database has no address")
}

// conn is the one connection. Its Close leaves SQLite's open. What it runs ends
// in microseconds and not with a context, for which the driver would start a
// goroutine each time.
type conn struct {
	sqlite
	database *Database
	machine  *durabletest.FS
	open     driver.Tx // the transaction under way
}

// Close implements driver.Conn.
func (c *conn) Close() error { return c.rollback() }

// rollback ends the transaction under way, if any, without a trace.
func (c *conn) rollback() error {
	if c.open == nil {
		return nil
	}
	open := c.open
	c.open = nil
	return open.Rollback()
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.machine.Crashed() {
		return nil, durabletest.ErrCrashed
	}
	open, err := c.sqlite.BeginTx(context.WithoutCancel(ctx), opts)
	if err != nil {
		return nil, err
	}
	c.open = open
	return transaction{c}, nil
}

type transaction struct{ conn *conn }

// Commit implements driver.Tx.
func (t transaction) Commit() error {
	do, err := t.conn.machine.Step("commit", t.conn.database.name)
	if !do {
		return errors.Join(err, t.conn.rollback())
	}
	open := t.conn.open
	t.conn.open = nil
	return errors.Join(open.Commit(), err)
}

// Rollback implements driver.Tx.
func (t transaction) Rollback() error { return t.conn.rollback() }

// ExecContext implements driver.ExecerContext. Outside of a transaction a
// statement is one of its own.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.open != nil {
		if c.machine.Crashed() {
			return nil, durabletest.ErrCrashed
		}
		return c.exec(ctx, query, args)
	}
	do, err := c.machine.Step("commit", c.database.name)
	if !do {
		return nil, err
	}
	result, execErr := c.exec(ctx, query, args)
	if err = errors.Join(err, execErr); err != nil {
		return nil, err
	}
	return result, nil
}

func (c *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx = context.WithoutCancel(ctx)
	if len(args) == 0 { // it may be several statements
		return c.sqlite.ExecContext(ctx, query, args)
	}
	s, err := c.database.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	return result, errors.Join(err, c.database.give(query, s))
}

// QueryContext implements driver.QueryerContext. A query that writes must be
// part of a transaction.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.machine.Crashed() {
		return nil, durabletest.ErrCrashed
	}
	s, err := c.database.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.QueryContext(context.WithoutCancel(ctx), args)
	if err != nil {
		return nil, errors.Join(err, c.database.give(query, s))
	}
	return rows{result, c.database, query, s}, nil
}

// rows gives its statement back at the end.
type rows struct {
	driver.Rows
	database  *Database
	query     string
	statement statement
}

// Close implements driver.Rows.
func (r rows) Close() error {
	return errors.Join(r.Rows.Close(), r.database.give(r.query, r.statement))
}

// PrepareContext implements driver.ConnPrepareContext. What is prepared is
// executed in transactions only.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.machine.Crashed() {
		return nil, durabletest.ErrCrashed
	}
	s, err := c.database.take(ctx, query)
	if err != nil {
		return nil, err
	}
	return prepared{s, c.database, query}, nil
}

// prepared is a statement that goes back at the end.
type prepared struct {
	statement
	database *Database
	query    string
}

// ExecContext implements driver.StmtExecContext.
func (p prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return p.statement.ExecContext(context.WithoutCancel(ctx), args)
}

// Close implements driver.Stmt.
func (p prepared) Close() error { return p.database.give(p.query, p.statement) }
