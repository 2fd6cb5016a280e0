package httpapi

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"corsia/gateway/auth"
	"corsia/gateway/room"
	"corsia/shared/collab"
)

const demoTokenTTL = 8 * time.Hour

// demo serves the demo pages, each for a person whom the query names, with a development token. It answers on loopback
// alone (SPEC 1).
type demo struct {
	issuer  *auth.Issuer
	files   fs.FS
	pages   *template.Template
	italian map[string]string // by the English words
	notify  func(room.Notification) bool
}

// demoPage are the fields of the demo's templates.
type demoPage struct {
	Token      string
	UserName   string
	UserRole   string
	ResourceID string
	Locking    string
	Lang       string // en or it
	Dose       string // what the hospital's page has as a dose
	Nonce      string // of the page's scripts
	words      map[string]string
}

// T returns the text in the language of the page; English is written in the page itself.
func (p demoPage) T(text string) string {
	if p.Lang != "en" && p.words[text] != "" {
		return p.words[text]
	}
	return text
}

func newDemo(issuer *auth.Issuer, files fs.FS, notify func(room.Notification) bool) (*demo, error) {
	pages, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("parse demo pages: %w", err)
	}
	italian, err := fs.ReadFile(files, "it.json")
	if err != nil {
		return nil, fmt.Errorf("read the demo's words: %w", err)
	}
	d := &demo{issuer: issuer, files: files, pages: pages, notify: notify}
	if err := json.Unmarshal(italian, &d.italian); err != nil {
		return nil, fmt.Errorf("read the demo's words: %w", err)
	}
	return d, nil
}

func (d *demo) pane(w http.ResponseWriter, r *http.Request) error  { return d.page(w, r, "pane.html") }
func (d *demo) ward(w http.ResponseWriter, r *http.Request) error  { return d.page(w, r, "index.html") }
func (d *demo) split(w http.ResponseWriter, r *http.Request) error { return d.page(w, r, "split.html") }

func (d *demo) page(w http.ResponseWriter, r *http.Request, name string) error {
	if !local(r) {
		return errNotLocal
	}
	q, err := person(r)
	if err != nil {
		return err
	}
	token, err := d.issuer.Issue(q)
	if err != nil {
		return badRequest("the query names no user", err)
	}
	locking := r.FormValue("locking")
	if locking != "off" && locking != "manual" {
		locking = "focus"
	}
	lang := "en"
	if r.FormValue("lang") == "it" {
		lang = "it"
	}
	nonce := rand.Text()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(demoPolicy, nonce))
	return d.pages.ExecuteTemplate(w, name, demoPage{Token: token, UserName: q.Name, UserRole: q.Role,
		ResourceID: or(r.FormValue("resource"), "page:/patient/12345"), Locking: locking, Lang: lang,
		Dose: or(r.FormValue("dose"), "500 mg"), Nonce: nonce, words: d.italian})
}

// demoPolicy is as strict as a hospital's may be: the demo shows that the widget works under it (G8).
const demoPolicy = "default-src 'none'; script-src 'nonce-%s'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; " +
	"frame-ancestors 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types corsia"

// formPolicy is of a page without scripts, whose one form comes back to it.
const formPolicy = "default-src 'none'; style-src 'nonce-%s'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// token answers the development token page: a form, and the token that it asks for.
func (d *demo) token(w http.ResponseWriter, r *http.Request) error {
	if !local(r) {
		return errNotLocal
	}
	readWithin(w)
	r.Body = http.MaxBytesReader(w, r.Body, maxPushBody)
	view := struct{ User, Name, Role, Token, Nonce string }{User: r.FormValue("user"), Name: r.FormValue("name"), Role: r.FormValue("role"), Nonce: rand.Text()}
	if view.User != "" {
		q, err := person(r)
		if err != nil {
			return err
		}
		token, err := d.issuer.Issue(q)
		if err != nil {
			return badRequest("that is no user id", err)
		}
		view.Token = token
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(formPolicy, view.Nonce))
	return tokenPage.Execute(w, view)
}

// person reads whom a page is for, and what they may do: permissions as in the claim (A6). Without any, a physician may edit
// everything and break locks (L7).
func person(r *http.Request) (auth.TokenRequest, error) {
	q := auth.TokenRequest{User: or(r.FormValue("user"), "usr_001"), Name: or(r.FormValue("name"), "Giulia Conti"),
		Role: or(r.FormValue("role"), "nurse"), TTL: demoTokenTTL}
	var err error
	if q.Permissions, err = auth.ParsePermissions(r.FormValue("permissions")); err != nil {
		return q, badRequest("permissions are a JSON list as in the claim", err)
	}
	if q.Permissions == nil && q.Role == "physician" {
		q.Permissions = &auth.Permissions{Rules: []auth.Rule{{Resource: auth.NewGlob("*"), Mode: collab.Editor}}, Names: []string{"break_glass"}}
	}
	return q, nil
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

var errNotLocal = collab.NewError(collab.CodePermissionDenied, "the demo and its tokens are for this machine alone")

func badRequest(msg string, err error) error {
	return &collab.Error{Code: collab.CodeBadRequest, Msg: msg, Err: err}
}

var tokenPage = template.Must(template.New("token").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Corsia: development token</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="{{.Nonce}}">
body{font:15px/1.5 system-ui,sans-serif;color:#1f2a33;background:#f6f8f9;margin:0;padding:32px}
main{max-width:560px;margin:0 auto;background:#fff;border:1px solid #cfd7dd;border-radius:10px;padding:24px 32px}
h1{font-size:20px;margin:0 0 8px}label{display:block;margin:12px 0 4px;font-weight:600}
input,textarea{font:inherit;box-sizing:border-box;width:100%;padding:8px;border:1px solid #7b8893;border-radius:6px}
textarea{font-family:ui-monospace,Consolas,monospace;font-size:12px;height:140px}
button{font:inherit;font-weight:600;margin-top:16px;padding:10px 16px;border:0;border-radius:6px;background:#0b57a4;color:#fff}
:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
</style>
<main><h1>Development token</h1>
<p>Signed with this installation's own key, good for eight hours, accepted by this gateway alone.</p>
<form method="post">
<label for="user">User id</label><input id="user" name="user" required value="{{.User}}" placeholder="usr_001">
<label for="name">Name</label><input id="name" name="name" value="{{.Name}}" placeholder="Dr Luca Rossi">
<label for="role">Role</label><input id="role" name="role" value="{{.Role}}" placeholder="physician">
<button>Make a token</button>
</form>
{{if .Token}}<label for="token">Token</label><textarea id="token" readonly>{{.Token}}</textarea>{{end}}
</main></html>
`))
