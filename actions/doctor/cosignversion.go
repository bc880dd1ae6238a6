package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// cosignVersion asks a cosign for its version.
func cosignVersion(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "version", "--json")
	cmd.Env = []string{"HOME=/nonexistent", "PATH="} // it is to say its version, and to know nothing else
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second // a child of it may hold its streams open
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", errors.New("it does not end")
		}
		if text := strings.TrimSpace(complaint.String()); text != "" {
			return "", fmt.Errorf("%w: %s", err, text)
		}
		return "", err
	}
	var version struct {
		Version string `json:"gitVersion"`
	}
	if json.Unmarshal(out.Bytes(), &version) != nil || version.Version == "" {
		return "", errors.New("what it prints is not what cosign prints")
	}
	return version.Version, nil
}
