package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

// progressDir is where the progress in a course is kept: below the course's home, apart for each place: the sandbox, each
// cluster, each deployment of the person's own, public Sigstore.
func (a *app) progressDir(dir string) (string, error) {
	own, err := a.ownVariables()
	if err != nil {
		return "", err
	}
	if err := a.checkPlace(); err != nil {
		return "", err
	}
	where, err := a.choose(own, dir)
	if err != nil {
		return "", err
	}
	progress := filepath.Join(a.courseHome(dir), "progress")
	switch where.On {
	case onPublic:
		return filepath.Join(progress, onPublic), nil
	case onCluster:
		return filepath.Join(progress, "cluster-"+short(where.Kubeconfig, where.Context, where.Namespace, where.Securesign)), nil
	case onOwn:
		env := environment.New(own...)
		here := filepath.Join(progress, "own-"+short(deploymentOf(env)))
		env.Complete()
		if err := adoptProgress(dir, progress, here, deploymentOf(env)); err != nil {
			return "", unwritable(here, err)
		}
		return here, nil
	}
	return progress, nil
}

// short tells places apart in the names of directories.
func short(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, " ")))
	return hex.EncodeToString(sum[:4])
}

// adoptProgress moves the progress that an earlier sigwalk kept for a deployment of the person's own, which was where that of
// the sandbox is, to the deployment's own directory. It is that deployment's where the variables that were kept beside it are;
// what has a transcript beside it was kept later, and is the sandbox's. What a crash leaves half done is completed.
func adoptProgress(dir, progress, here, deployment string) error {
	if _, err := os.Lstat(here); err == nil {
		return nil
	}
	if _, err := os.Lstat(transcriptFile(progress)); err == nil {
		return nil
	}
	var kept savedVariables
	text, err := os.ReadFile(filepath.Join(dir, "variables.json"))
	if err != nil || json.Unmarshal(text, &kept) != nil || kept.Deployment != deployment {
		return nil //nolint:nilerr // whose progress it is nobody knows: it stays where it is
	}
	entries, err := os.ReadDir(progress)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	moving := here + ".moving"
	if err := os.MkdirAll(moving, 0o700); err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); entry.Type().IsRegular() && strings.HasSuffix(name, ".json") {
			if err := os.Rename(filepath.Join(progress, name), filepath.Join(moving, name)); err != nil {
				return err
			}
		}
	}
	return os.Rename(moving, here)
}
