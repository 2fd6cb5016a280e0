// Package privacy exports, erases and lets expire what the law says (SPEC O7).
package privacy
