# Everything that the lab's commands are made of. Sourced by them.
here_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=common.sh
. "$here_lib/common.sh"
# shellcheck source=lock.sh
. "$here_lib/lock.sh"
# shellcheck source=service.sh
. "$here_lib/service.sh"
# shellcheck source=leftovers.sh
. "$here_lib/leftovers.sh"
# shellcheck source=jobs.sh
. "$here_lib/jobs.sh"
# shellcheck source=packages.sh
. "$here_lib/packages.sh"
# shellcheck source=../control-plane/apt.sh
. "$here_lib/../control-plane/apt.sh"
# shellcheck source=preflight.sh
. "$here_lib/preflight.sh"
# shellcheck source=../nodes/names.sh
. "$here_lib/../nodes/names.sh"
# shellcheck source=../nodes/network.sh
. "$here_lib/../nodes/network.sh"
# shellcheck source=../nodes/profiles.sh
. "$here_lib/../nodes/profiles.sh"
# shellcheck source=../nodes/node.sh
. "$here_lib/../nodes/node.sh"
# shellcheck source=../images/images.sh
. "$here_lib/../images/images.sh"
# shellcheck source=host-tools.sh
. "$here_lib/host-tools.sh"
