//go:build interop

package interop

import (
	"encoding/json"
	"sync"
	"testing"
)

// TestRecover: ten real cosigns sign one image at once and overwrite each other; the log and the tag's history remember what
// the tag lost, each of them alone.
func TestRecover(t *testing.T) {
	c := newClass(t)
	variables := c.terminalVariables(t)
	for round, source := range []string{"log", "history"} {
		t.Run(source, func(t *testing.T) {
			image, token := c.image(t, round), c.token(t)
			var group sync.WaitGroup
			for i := range 10 {
				group.Go(func() {
					c.sign(t, i, []string{"cosign2", "sign", image}, append(variables, "SIGSTORE_ID_TOKEN="+token)...)
				})
			}
			group.Wait()
			t.Logf("of ten signatures the tag kept %d", len(c.attached(t, image)))

			bringBack := func() (attached, lost int) {
				o := c.run(t, []string{"sigwalk", "recover", "--dir", c.dir, "--yes", "--from", source, "-o", "json", image})
				var report struct {
					Attached       []json.RawMessage `json:"attached"`
					NotRebuildable []json.RawMessage `json:"notRebuildable"`
				}
				if o.code != 0 || json.Unmarshal([]byte(o.stdout), &report) != nil {
					t.Fatal(o)
				}
				return len(report.Attached), len(report.NotRebuildable)
			}
			there := len(c.attached(t, image))
			if attached, lost := bringBack(); attached != 10-there || lost != 0 {
				t.Errorf("%d were there, %d were attached, %d could not be rebuilt", there, attached, lost)
			}
			if verified := c.verified(t, image); len(verified) != 10 {
				t.Errorf("cosign verifies %d of ten: %v", len(verified), verified)
			}
			if attached, _ := bringBack(); attached != 0 {
				t.Errorf("a second run attached %d", attached)
			}
			if after := c.attached(t, image); len(after) != 10 {
				t.Errorf("after a second run the tag holds %v", after)
			}
		})
	}
}
