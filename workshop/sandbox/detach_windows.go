package sandbox

import (
	"os/exec"
	"syscall"
)

// detachedProcess is DETACHED_PROCESS of the Windows interface: no console, so no Ctrl-C from one.
const detachedProcess = 0x00000008

// detach separates the process from the console, so that neither Ctrl-C nor the end of the terminal ends it.
func detach(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess}
}
