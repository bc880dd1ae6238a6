package explain

import "github.com/sigwalk/sigwalk/actions"

// workshop is what goes wrong in lessons and in the sandbox.
func workshop() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeNoCluster: {
			"There is no cluster to ask.",
			"No kubeconfig with a context was found, and this is no pod of a cluster.",
			"Log in to the cluster (`oc login`), or name a kubeconfig with --kubeconfig or KUBECONFIG.",
		},
		actions.CodeNoDeployment: {
			"No Trusted Artifact Signer was found on the cluster.",
			"None is there, or your account may not see the namespace that it is in.",
			"Name its namespace with --namespace, or set the variables that `sigwalk env discover` lists.",
		},
		actions.CodeSeveral: {
			"The cluster has several deployments.",
			"Signatures made with one do not verify with the trust root of another, so that none is chosen for you.",
			"Choose with --namespace, and with --securesign where one namespace has several.",
		},
		actions.CodeNotReady: {
			"The deployment on the cluster is not ready.",
			"Its operator says so in the condition Ready, with a reason; addresses may be there before the services are.",
			"Wait for it (`oc wait --for=condition=Ready securesign/NAME -n NAMESPACE`), or ask whoever runs it.",
		},
		actions.CodeContradiction: {
			"Two variables that name the same service have different values.",
			"Each tool reads another one of them, so that some would talk to a service of another deployment.",
			"Unset the old one, or set both to the same: `sigwalk env` shows each with its source.",
		},
		actions.CodeProjectorOwned: {
			"Another process presents from this directory.",
			"The terminals of whoever presents follow one projector, the one that owns the directory.",
			"Follow it with `sigwalk present --follow`, end it, or give another directory with --dir.",
		},
		actions.CodeNoProjector: {
			"Nobody presents from this directory.",
			"The terminal that the audience sees is not there, has ended, or works in another directory.",
			"Start `sigwalk --present` there, with the same --dir.",
		},
		actions.CodeRecording: {
			"The file is no recording that can be played.",
			"It is not in the format asciicast, was cut off, or is larger than a recording of a terminal has to be.",
			"Make a new one with `sigwalk demo record FILE`, or take it from where it came once more.",
		},
		actions.CodePortTaken: {
			"A port of the sandbox is in use.",
			"Certificates that were issued name the sandbox's address, so that it must come back on the same port.",
			"End what listens there (`ss -ltnp`), or start afresh with `sigwalk sandbox reset`.",
		},
		actions.CodeOwned: {
			"Another process owns the sandbox's directory.",
			"Two sandboxes on the same files would destroy each other's log.",
			"Use the one that runs (`sigwalk sandbox status`), or choose another directory with --dir.",
		},
		actions.CodeNotRunning: {
			"No sandbox runs for this directory.",
			"It ends with the last command that uses it, unless it was asked to stay.",
			"Start it with `sigwalk sandbox up`.",
		},
		actions.CodeSandboxFailed: {
			"A server of the sandbox did not start, or its process died.",
			"The message says which; its log is in the directory.",
			"Read the log that the message names, then try `sigwalk sandbox reset`.",
		},
		actions.CodeNotBare: {
			"The sandbox has what a bare one lacks.",
			"It was made without --bare, and the course wants to make organisation and technical user itself.",
			"Start afresh with `sigwalk sandbox reset`, then with --bare.",
		},
		actions.CodeIssuerUnusable: {
			"The sandbox's Fulcio cannot trust that identity provider.",
			"It has to answer discovery under exactly its own name, over TLS or on this machine, when it is added.",
			"Open ISSUER/.well-known/openid-configuration and give --oidc-issuer what stands there as `issuer`.",
		},
		actions.CodePipelineUnreadable: {
			"The file is no pipeline that can be read.",
			"It is not YAML, or has neither the jobs of a GitHub workflow nor a job of GitLab with a script.",
			"Name a workflow below .github/workflows or a .gitlab-ci.yml.",
		},
		actions.CodeLessonBroken: {
			"A lesson cannot be used.",
			"Its file breaks the rules for lessons at the place that the message names.",
			"Correct it; `sigwalk workshop lint FILE` checks it.",
		},
		actions.CodeOutsideLesson: {
			"A path leads out of the lesson's directory.",
			"Built-in commands see no other file of yours, so that a lesson can do no harm.",
			"Copy the file into the lesson's directory.",
		},
		actions.CodeHostProgram: {
			"A program of this computer was not allowed to run.",
			"Lessons run built-in commands only, unless you say otherwise.",
			"Allow it with --allow-host, or use a built-in command (`help`).",
		},
		actions.CodeStepBlocked: {
			"The step needs an earlier one.",
			"What an earlier step makes is not there yet.",
			"Do the step that the message names.",
		},
		actions.CodeStepRunning: {
			"A step is running already.",
			"One step runs at a time.",
			"Wait for it, or cancel it with esc.",
		},
	}
}
