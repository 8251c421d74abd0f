"""Five small apps that can be attacked, the attacks on them, and a policy that obeys every order it reads."""
