package verification

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	beyondTree = regexp.MustCompile(`index is beyond size: (\d+) >= (\d+)`)
	wrongSteps = regexp.MustCompile(`wrong proof size (\d+), want (\d+)`)
	otherRoot  = regexp.MustCompile(`proof root hash does not match signed tree head, expected ([0-9a-f]*) got ([0-9a-f]*)`)
	badNoteKey = regexp.MustCompile(`invalid signature for key (\S+)\+[0-9a-f]+$`)
)

// proofFault says in a clause what is wrong with the inclusion proof of an entry, from what the libraries said of it. Their errors
// have no types.
func proofFault(entry, text string) string {
	switch {
	case has(text, "calculated root:"):
		return fmt.Sprintf("the inclusion proof of entry %s does not lead from the entry to the root hash that it names", entry)
	case beyondTree.MatchString(text):
		m := beyondTree.FindStringSubmatch(text)
		return fmt.Sprintf("the inclusion proof of entry %s is for the index %s in a tree of %s entries, which has none of that index", entry, m[1], m[2])
	case wrongSteps.MatchString(text):
		m := wrongSteps.FindStringSubmatch(text)
		return fmt.Sprintf("the inclusion proof of entry %s has %s hashes, and the way up a tree of that size needs %s", entry, m[1], m[2])
	case otherRoot.MatchString(text):
		m := otherRoot.FindStringSubmatch(text)
		return fmt.Sprintf("the checkpoint of entry %s is about another tree: expected the root hash %s of the proof, found %s", entry, m[1], m[2])
	case has(text, "signature on checkpoint did not verify"):
		return fmt.Sprintf("the checkpoint of entry %s is not signed by the key that the trust root has of the log, or was changed", entry)
	case badNoteKey.MatchString(text):
		return fmt.Sprintf("the checkpoint of entry %s is not what %s signed", entry, badNoteKey.FindStringSubmatch(text)[1])
	case has(text, "no verifiable signatures"):
		return fmt.Sprintf("the checkpoint of entry %s carries no signature by the log", entry)
	case has(text, "malformed note"):
		return fmt.Sprintf("the checkpoint of entry %s is no signed note, or carries no signature", entry)
	}
	return strings.TrimPrefix(text, "verifying log entry: ")
}
