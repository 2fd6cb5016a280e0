// Package widget owns the browser's side of Corsia as files: the built CollabSDK and the demo pages. The gateway serves
// them, so that running it needs nothing but the program. The sources are in src/; dist/ is built from them and checked in.
package widget

import "embed"

// Files holds dist/ with collab-sdk.js, collab-sdk.min.js, collab-sdk.mjs and their parts, collab-sdk.part-<hash>.*, which
// they load when they need them; and demo/ with the demo pages, which are html/template sources with the fields of the
// gateway's demoPage, their styles and scripts, and the Italian of their words.
//
//go:embed dist demo
var Files embed.FS
