package workshop_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

const signInLesson = `
## Sign {#sign}
'''yaml step
kind: changes
'''
'''sh run
source ./copy-image-to-quay.sh >/dev/null && cosign initialize >/dev/null
cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD" && cosign sign $SIGN_FLAGS $IMAGE
'''
'''yaml rehearse
user: ${SIGN_IN_AS:-user1@demo.redhat.com}
password: $OIDC_PASSWORD
'''
'''yaml check
- {kind: signature-present, image: $IMAGE, subject: user1@demo.redhat.com, issuer: $COSIGN_CERTIFICATE_OIDC_ISSUER}
'''
`

// A step that asks a person to sign in is rehearsed at the provider's real page, in each way.
func TestRehearsedSignIn(t *testing.T) {
	for way, flags := range map[string]string{"code": "", "device": "--fulcio-auth-flow=device"} {
		t.Run(way, func(t *testing.T) {
			c := newClassroom(t)
			c.env.Set(environment.Variable{Name: "SIGN_FLAGS", Value: flags, Exported: true})
			s := c.session(t, lessonOf(t, signInLesson), func(o *workshop.SessionOptions) { o.Rehearse, o.ProgressFile = true, "" })
			asked := consent(t, s)
			after, text := run(t, s, 0, "")
			if after.State != workshop.StepDone || after.ExitCode != 0 {
				t.Errorf("%s: %v\n%s", after.State, after.Err, text)
			}
			if got := asked(); len(got) != 1 {
				t.Errorf("a person was asked %v", got)
			}
			if strings.Contains(text, c.value(t, "OIDC_PASSWORD")+"\n") || !strings.Contains(text, "realms/trusted-artifact-signer") {
				t.Errorf("it prints\n%s", text)
			}
		})
	}
}

func TestRehearsalThatFails(t *testing.T) {
	c := newClassroom(t)
	for name, test := range map[string]struct {
		set  environment.Variable
		code actions.Code
		why  string
	}{
		"unknown user":   {environment.Variable{Name: "SIGN_IN_AS", Value: "nobody@demo.redhat.com"}, actions.CodeWrongPassword, "does not let nobody@demo.redhat.com in"},
		"wrong password": {environment.Variable{Name: "OIDC_PASSWORD", Value: "planted-password"}, actions.CodeWrongPassword, "does not let user1"},
		"no password":    {environment.Variable{Name: "OIDC_PASSWORD"}, actions.CodeUsage, "OIDC_PASSWORD is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			before, was := c.env.Get(test.set.Name)
			test.set.Exported = true
			c.env.Set(test.set)
			defer func() {
				c.env.Unset(test.set.Name)
				if was {
					c.env.Set(before)
				}
			}()
			s := c.session(t, lessonOf(t, signInLesson), func(o *workshop.SessionOptions) { o.Rehearse, o.ProgressFile = true, "" })
			consent(t, s)
			after, text := run(t, s, 0, "")
			if after.State != workshop.StepFailed || actions.CodeOf(after.Err) != test.code || !strings.Contains(after.Err.Error(), test.why) {
				t.Errorf("%s: %v\n%s", after.State, after.Err, text)
			}
			if strings.Contains(text+after.Err.Error(), "planted-password") {
				t.Error("the password is told")
			}
		})
	}
	// Without the block, and without a person, the sign-in ends and says so.
	bare, rest, _ := strings.Cut(signInLesson, "'''yaml rehearse")
	_, check, _ := strings.Cut(rest, "'''yaml check")
	bare = strings.ReplaceAll(bare, "$SIGN_FLAGS", "--fulcio-auth-flow=normal --oidc-redirect-url=urn:ietf:wg:oauth:2.0:oob") + "'''yaml check" + check
	s := c.session(t, lessonOf(t, bare), func(o *workshop.SessionOptions) { o.Unattended, o.ProgressFile = true, "" })
	if after, text := run(t, s, 0, ""); after.State != workshop.StepFailed || actions.CodeOf(after.Err) != actions.CodeNobodyToAsk {
		t.Errorf("%s: %v\n%s", after.State, after.Err, text)
	}
}

func TestPasswordsStandInNoLesson(t *testing.T) {
	_, err := parse(t, front+strings.ReplaceAll(strings.Replace(signInLesson, "password: $OIDC_PASSWORD", "password: student", 1), "'''", "```"))
	if err == nil || !strings.Contains(err.Error(), "a password stands in the lesson") {
		t.Errorf("error %v", err)
	}
}
