package testkit

// Fields is a JSON object as an event or an acknowledgement carries it. A []byte in it is a binary value.
type Fields map[string]any

// Text returns a value that is a string, empty for anything else.
func (f Fields) Text(key string) string {
	s, _ := f[key].(string)
	return s
}

// Int returns a value that is a whole number, -1 for anything else.
func (f Fields) Int(key string) int64 {
	n, ok := f[key].(float64)
	if !ok || n != float64(int64(n)) {
		return -1
	}
	return int64(n)
}

// Bytes returns a binary value, nil for anything else.
func (f Fields) Bytes(key string) []byte {
	b, _ := f[key].([]byte)
	return b
}
