"""What runs in the gateway: an sshd to which clients dial in, and a look at which of their tunnels are open."""
