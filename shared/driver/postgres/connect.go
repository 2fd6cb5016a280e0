package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"corsia/migrations"
)

// Connections of one instance.
const (
	maxConns       = 8 // beside the committer's, unless the URL says pool_max_conns
	maxCommitConns = 4 // one is used; those that a lost network holds open for a while count too
)

// errURL says what a URL looks like. What was given is not repeated: a URL that is not understood may have its password
// anywhere.
var errURL = errors.New("the URL is not understood: it has the form postgres://user:password@host:port/database?sslmode=verify-full, " +
	"with other characters than letters and digits of user and password percent-encoded")

// configure returns the settings of the pools. Security of the connection is what sslmode in the URL says.
func configure(address string, l limits) (*pgxpool.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.User == nil && strings.Contains(address, "@") ||
		u.Fragment != "" {
		return nil, errURL
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil { // the error itself shows the URL
			return nil, fmt.Errorf("a setting in the URL is wrong: %w", cause)
		}
		return nil, errors.New("a setting in the URL is wrong")
	}
	if !u.Query().Has("pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.MaxConnLifetimeJitter = config.MaxConnLifetime / 10
	config.PingTimeout = l.trip
	if !u.Query().Has("connect_timeout") {
		config.ConnConfig.ConnectTimeout = l.connect
	}
	for name, value := range l.parameters() {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	config.AfterConnect = assertDurable
	return config, nil
}

// parameters are settings of each session on the server. The deadlines are for a server or a network that lost its client:
// an instance that stands still holds no head for longer than a few seconds.
//
// Every statement of the driver finds its rows by key. Plans are made once, perhaps while the tables are small, and must
// fit when they are large: hence no sequential scans and joins row by row.
func (l limits) parameters() map[string]string {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	return map[string]string{
		"application_name":                    "corsia",
		"statement_timeout":                   ms(2 * l.read),
		"lock_timeout":                        ms(l.trip * 4 / 5), // less than a round trip may take: the server's word is a known outcome
		"idle_in_transaction_session_timeout": ms(l.trip / 2),
		"jit":                                 "off",
		"plan_cache_mode":                     "force_generic_plan",
		"enable_seqscan":                      "off",
		"enable_hashjoin":                     "off",
		"enable_mergejoin":                    "off",
	}
}

// assertDurable makes sure that the server writes each commit to its disk before it answers, whatever its own setting, and
// that it is not a standby.
func assertDurable(ctx context.Context, conn *pgx.Conn) error {
	var commit, readOnly string
	err := conn.QueryRow(ctx, `SELECT set_config('synchronous_commit',
		CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
		current_setting('transaction_read_only')`).Scan(&commit, &readOnly)
	switch {
	case err != nil:
		return err
	case commit != "on" && commit != "remote_apply":
		return fmt.Errorf("the server does not wait for its disk: synchronous_commit is %s", commit)
	case readOnly != "off":
		return errors.New("the server takes no writes: is it a standby?")
	}
	return nil
}

// migrate brings the schema to the newest version, without the deadlines of the pools.
func migrate(ctx context.Context, config *pgxpool.Config) error {
	plain := config.ConnConfig.Copy()
	for name := range production.parameters() {
		delete(plain.RuntimeParams, name)
	}
	db := stdlib.OpenDB(*plain)
	err := db.PingContext(ctx)
	if err == nil {
		err = migrations.Postgres(ctx, db)
	}
	return errors.Join(err, db.Close())
}

// inspect warns of a server that loses what it has committed when its machine stops.
func inspect(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, production.read)
	defer cancel()
	var fsync, pages string
	err := pool.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('full_page_writes')").Scan(&fsync, &pages)
	if err != nil {
		return err
	}
	if fsync != "on" || pages != "on" {
		log.Warn("store: the server may lose what it has committed when its machine stops: fsync or full_page_writes is off")
	}
	return nil
}
