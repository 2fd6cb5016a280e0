package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// kinds are the content types of the files that the widget's folder may have for pages, by the ends of their names.
var kinds = []struct{ end, kind string }{
	{".d.ts", "application/typescript; charset=utf-8"},
	{".d.mts", "application/typescript; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
}

// hashed are names that have a hash of their content, and so never other content.
var hashed = regexp.MustCompile(`[-.]([0-9A-Z]{8}|[0-9a-f]{8,64})(\.min)?\.m?js$`)

// serveScripts serves the widget's built files at the root, to pages of any origin, as a CDN would: one who checks the
// integrity of a script from another origin needs its permission. It reads them once.
func serveScripts(files fs.FS, handle func(pattern string, h handler)) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		kind := kindOf(name)
		if kind == "" {
			return nil
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("widget file %s: %w", name, err)
		}
		handle("GET /"+name, script(path.Base(name), kind, content))
		return nil
	})
}

func kindOf(name string) string {
	for _, k := range kinds {
		if strings.HasSuffix(name, k.end) {
			return k.kind
		}
	}
	return ""
}

func script(name, kind string, content []byte) handler {
	sum := sha256.Sum256(content)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
	cache := "no-cache" // it is asked for again each time, and not sent again when it is the same
	if hashed.MatchString(name) {
		cache = "public, max-age=31536000, immutable"
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("ETag", tag)
		h.Set("Cache-Control", cache)
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
		return nil
	}
}
