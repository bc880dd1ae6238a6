package settings

import "slices"

// Current is what is set in this run of the program. It belongs to the event loop, and is not safe for concurrent use. A nil
// Current has every setting as it is unless the person says otherwise.
type Current struct {
	values map[Name]string
	start  map[Name]string
}

// New returns what is set: what the command line gives beats what was kept. A value that a setting does not have counts for
// nothing: the file may be of another version. Start has the values that were given at the start and stay, by their names.
func New(kept, given, start map[Name]string) *Current {
	c := &Current{map[Name]string{}, start}
	for _, values := range []map[Name]string{kept, given} {
		for name, value := range values {
			if s, ok := Of(name); ok && slices.Contains(s.Values, value) {
				c.values[name] = value
			}
		}
	}
	return c
}

// Value returns what a setting is; empty for one that is not known here.
func (c *Current) Value(name Name) string {
	if c == nil {
		c = &Current{}
	}
	if value, ok := c.values[name]; ok {
		return value
	}
	if s, ok := Of(name); ok && s.Live() {
		return s.Values[0]
	}
	return c.start[name]
}

// Is reports whether a setting has a value.
func (c *Current) Is(name Name, value string) bool { return c.Value(name) == value }

// On reports whether a setting is not off.
func (c *Current) On(name Name) bool { return !c.Is(name, off) }

// Next returns the value that comes after the present one.
func (c *Current) Next(name Name) string {
	s, ok := Of(name)
	if !ok || !s.Live() {
		return c.Value(name)
	}
	return s.Values[(slices.Index(s.Values, c.Value(name))+1)%len(s.Values)]
}

// Set gives a setting a value; one that it does not have is not taken.
func (c *Current) Set(name Name, value string) bool {
	s, ok := Of(name)
	if c == nil || !ok || !slices.Contains(s.Values, value) {
		return false
	}
	c.values[name] = value
	return true
}
