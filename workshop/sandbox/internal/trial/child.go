package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// childDir is the environment variable that makes a test binary run the servers instead of its tests.
const childDir = "SIGWALK_TRIAL_DIR"

// MainChild runs the servers when this process was started by StartChild, until its standard input ends, and then ends
// the process. It is for the beginning of TestMain.
func MainChild() {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	err := func() error {
		s, err := Start(context.Background(), dir)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(s.Endpoints()); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		return s.Close()
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child is a process that runs the servers.
type Child struct {
	Endpoints

	process *exec.Cmd
	stdin   io.Closer
	// said is what the process wrote to its streams beside the endpoints.
	said *os.File
}

// StartChild runs the servers with their state in dir in a process of its own, which is this test binary again, and
// returns when they answer. What the process writes to its standard error is in Said after its end.
func StartChild(dir string) (*Child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &Child{process: exec.Command(exe)} //nolint:noctx // it is killed, which a context would do too early
	c.process.Env = append(os.Environ(), childDir+"="+dir)
	// What may stand in a person's environment and must not matter.
	c.process.Env = append(c.process.Env, "PORT=not-a-number", "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1",
		"GRPC_GO_LOG_SEVERITY_LEVEL=info", "GRPC_GO_LOG_VERBOSITY_LEVEL=99")
	if c.said, err = os.CreateTemp(dir, "stderr"); err != nil {
		return nil, err
	}
	c.process.Stderr = c.said
	stdin, err := c.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.Endpoints)
	}
	if err != nil {
		_ = c.Kill()
		said, _ := c.Said()
		return nil, fmt.Errorf("the servers did not start: %w: %s%s", err, line, said)
	}
	return c, nil
}

// Kill ends the process at once, as kill -9 does.
func (c *Child) Kill() error {
	if err := c.process.Process.Kill(); err != nil {
		return err
	}
	if err := c.process.Wait(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return err
		}
	}
	return nil
}

// Stop has the process stop its servers, and waits for its end.
func (c *Child) Stop() error {
	return errors.Join(c.stdin.Close(), c.process.Wait())
}

// Said returns what the process wrote to its standard error.
func (c *Child) Said() (string, error) {
	data, err := os.ReadFile(c.said.Name())
	return string(data), err
}
