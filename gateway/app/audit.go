package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// devAuditKey is the file of the key that signs checkpoints in development, beside that of the tokens.
const devAuditKey = "corsia-audit.key"

// lastSeal bounds what the trail is given when the gateway stops: the store may be away.
const lastSeal = 3 * time.Second

// auditKey returns the private half of the key that signs checkpoints: what is configured, or this installation's own.
func auditKey(configured, folder string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	path := filepath.Join(folder, devAuditKey)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeAuditKey(path); err != nil {
			return "", fmt.Errorf("make audit key: %w", err)
		}
		info, err = os.Stat(path)
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("audit key %s can be read by others (mode %04o): who has it can sign a trail of his own", path, info.Mode().Perm())
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("audit key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// makeAuditKey makes the file, whole, unless another process is faster.
func makeAuditKey(path string) error {
	private, _, err := audit.GenerateKey()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".corsia-audit-*.key") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(private + "\n")
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Link(file.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(file.Name()))
}

// openTrail makes the parts that cover the journal, seal the trail and sign it.
func (a *App) openTrail() error {
	key, err := auditKey(a.config.AuditKey, a.config.KeyFolder())
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		return errors.New("audit key: it is damaged") // the library's word for it has the key
	}
	a.coverer = audit.NewCoverer(a.drivers.store, a.trail.recorder, a.log, time.Now)
	a.sealer = audit.NewSealer(a.drivers.store, a.log, time.Now)
	a.notary = audit.NewNotary(a.drivers.store, a.drivers.archive, signer, a.log, time.Now)
	a.metrics.AuditSealingLag.Set(func() float64 { return max(a.coverer.Lag(), a.sealer.Lag()).Seconds() })
	return nil
}

// finishTrail covers what was written last, seals it and signs it. What it does not reach the next process does.
func (a *App) finishTrail(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastSeal)
	defer cancel()
	err := a.coverer.Finish(ctx)
	if err == nil {
		err = a.sealer.Seal(ctx)
	}
	if err == nil {
		err = a.notary.Finish(ctx)
	}
	if err != nil {
		a.log.Warn("audit: the trail is not sealed to its end", obs.Err(err))
	}
}

// AuditSource says where a trail is, and what it is measured by. URLs are as in the configuration.
type AuditSource struct {
	Store        string
	Archive      string // empty: none
	ArchiveAlone bool   // the store is not looked at
	PublicKeys   string // comma-separated, as `corsia audit key` prints them; empty: the public half of PrivateKey
	PrivateKey   string // as AUDIT_KEY; empty: that of this installation
	Trusted      []byte // a checkpoint that was kept elsewhere; nil: none
	ChainsAlone  bool   // the journals that the chains vouch for are not looked at
}

// trust returns what the trail is measured by.
func (s AuditSource) trust() (audit.Trust, error) {
	t := audit.Trust{Trusted: s.Trusted, Now: time.Now(), Chains: s.ChainsAlone}
	public := s.PublicKeys
	if public == "" {
		c := Config{StoreURL: s.Store}
		if s.PrivateKey == "" {
			if _, err := os.Stat(filepath.Join(c.KeyFolder(), devAuditKey)); err != nil {
				return t, errors.New("there is no key: name the public one")
			}
		}
		private, err := auditKey(s.PrivateKey, c.KeyFolder())
		if err != nil {
			return t, err
		}
		if public, err = audit.PublicKey(private); err != nil {
			return t, err
		}
	}
	for key := range strings.SplitSeq(public, ",") {
		verifier, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return t, errors.New("the public key is none that `corsia audit key` prints")
		}
		t.Keys = append(t.Keys, verifier)
	}
	return t, nil
}

// VerifyAudit verifies a trail (SPEC T4). An error says that it could not be read.
func VerifyAudit(ctx context.Context, s AuditSource) (*audit.Report, error) {
	trust, err := s.trust()
	if err != nil {
		return nil, err
	}
	var objects audit.Objects
	if s.Archive != "" {
		opened, err := openObjects(ctx, s.Archive)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		objects = opened
	}
	if s.ArchiveAlone {
		if objects == nil {
			return nil, errors.New("there is no archive to verify")
		}
		return audit.VerifyArchive(ctx, objects, trust)
	}
	trail, err := openAuditTrail(ctx, s.Store)
	if err != nil {
		return nil, err
	}
	defer trail.Close()
	return audit.VerifyStore(ctx, trail, objects, trust)
}

// AuditExport is an export of the trail.
type AuditExport struct {
	Store  string // URL
	Filter collab.AuditFilter
	Format audit.Format
	By     collab.UserID // who asks for it
}

// ExportAudit writes the sealed rows that the filter chooses, and returns how many there were. That it was asked for is
// recorded first.
func ExportAudit(ctx context.Context, e AuditExport, to io.Writer) (int, error) {
	store, err := openAuditStore(ctx, e.Store)
	if err != nil {
		return 0, err
	}
	recorder := audit.NewRecorder(collab.NewInstanceID(), obs.NewLogger(io.Discard, nil))
	n, err := audit.Export(ctx, store, recorder, audit.ExportRequest{Filter: e.Filter, Format: e.Format, By: e.By}, to)
	return n, errors.Join(err, store.Close())
}
