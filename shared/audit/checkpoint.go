package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/collab"
)

// KeyName is the name in the key pairs that GenerateKey makes.
const KeyName = "corsia-audit"

// checkpointHeader is the first line of a checkpoint: what is signed can be taken for nothing else.
const checkpointHeader = "corsia audit checkpoint v1"

// Checkpoint is what a signed note says of the trail: the end of every chain (T4).
type Checkpoint struct {
	Epoch  int64
	Number int64 // grows by one from checkpoint to checkpoint
	At     time.Time
	Heads  map[int]collab.AuditHead // by shard; shards without rows are left out
}

// text returns the lines that are signed.
func (c Checkpoint) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nepoch %d\nnumber %d\ntime %s\n", checkpointHeader, c.Epoch, c.Number, c.At.UTC().Format(timeLayout))
	shards := make([]int, 0, len(c.Heads))
	for shard, head := range c.Heads {
		if head.Seq > 0 {
			shards = append(shards, shard)
		}
	}
	slices.Sort(shards)
	for _, shard := range shards {
		head := c.Heads[shard]
		fmt.Fprintf(&b, "shard %d %d %s\n", shard, head.Seq, base64.StdEncoding.EncodeToString(head.Chain[:]))
	}
	return b.String()
}

// Sign returns the checkpoint as a signed note (C2SP signed-note, Ed25519).
func (c Checkpoint) Sign(key note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, key)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// ErrNotSigned is of a note that the key has not signed, or whose text was changed.
var ErrNotSigned = errors.New("it is not signed by the key")

// OpenCheckpoint returns what a note says, which one of the keys must have signed.
func OpenCheckpoint(signed []byte, keys ...note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(keys...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %w", ErrNotSigned)
	}
	c, err := parseCheckpoint(n.Text)
	if err == nil && c.text() != n.Text {
		err = errors.New("it has another form than checkpoints have")
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 4 || lines[0] != checkpointHeader {
		return Checkpoint{}, errors.New("it is no checkpoint of an audit trail")
	}
	c := Checkpoint{Heads: make(map[int]collab.AuditHead, len(lines)-4)}
	var at string
	if _, err := fmt.Sscanf(strings.Join(lines[1:4], "\n"), "epoch %d\nnumber %d\ntime %s", &c.Epoch, &c.Number, &at); err != nil {
		return Checkpoint{}, fmt.Errorf("its head: %w", err)
	}
	var err error
	if c.At, err = time.Parse(timeLayout, at); err != nil {
		return Checkpoint{}, fmt.Errorf("its time: %w", err)
	}
	for _, line := range lines[4:] {
		shard, head, err := parseHead(line)
		if err != nil {
			return Checkpoint{}, err
		}
		c.Heads[shard] = head
	}
	return c, nil
}

func parseHead(line string) (shard int, head collab.AuditHead, err error) {
	words := strings.Split(line, " ")
	if len(words) != 4 || words[0] != "shard" {
		return 0, head, errors.New("a line names no shard")
	}
	shard, err = strconv.Atoi(words[1])
	if err != nil || shard < 0 || shard >= Shards {
		return 0, head, errors.New("a line names a shard that is none")
	}
	if head.Seq, err = strconv.ParseInt(words[2], 10, 64); err != nil || head.Seq < 1 {
		return 0, head, fmt.Errorf("the seq of shard %d is no number", shard)
	}
	chain, err := base64.StdEncoding.DecodeString(words[3])
	if err != nil || len(chain) != len(head.Chain) {
		return 0, head, fmt.Errorf("the chain of shard %d is no hash", shard)
	}
	copy(head.Chain[:], chain)
	return shard, head, nil
}

// GenerateKey returns a new key pair as text: the private half for AUDIT_KEY, the public half for those who verify.
func GenerateKey() (private, public string, err error) {
	private, public, err = note.GenerateKey(rand.Reader, KeyName)
	if err != nil {
		return "", "", fmt.Errorf("generate audit key: %w", err)
	}
	return private, public, nil
}

// PublicKey returns the public half of a private key, as text.
func PublicKey(private string) (string, error) {
	words := strings.SplitN(private, "+", 5) // PRIVATE, KEY, name, hash, key
	errKey := errors.New("the audit key is none that `corsia audit key` prints")
	if _, err := note.NewSigner(private); err != nil || len(words) != 5 {
		return "", errKey // the library's word for it has the key
	}
	seed, err := base64.StdEncoding.DecodeString(words[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errKey
	}
	public, err := note.NewEd25519VerifierKey(words[2], ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return "", errKey
	}
	return public, nil
}
