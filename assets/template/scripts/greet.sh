# Scripts lie in the lesson's directory, so that a line can source them and a learner can read them.
echo "Hello from a script."
