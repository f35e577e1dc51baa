// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <span>
#include <stdexcept>
#include <string>

namespace glovebox::policy {

/// Why a process was not put into a jail. It is as it was before.
class jail_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whom a process is to run as.
struct credentials {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Whether this process can give its privileges up for those credentials: it is root with the
/// capabilities that takes, and the credentials are not root's. \throws jail_error
void check_privileges(const credentials& wanted);

/// Whether only one thread runs here: another would keep privileges that are a thread's own.
/// \throws jail_error
void check_threads();

/// Opens a directory that is fit to be a root: it is not the present one, and nobody but root can
/// change it. \throws jail_error
transport::unique_fd open_root(const std::string& path, const credentials& wanted);

/// Gives the terminal up, as far as it has one: no input can be faked there, and none be read.
/// What the standard descriptors write still appears. \throws jail_error
void leave_terminal();

/// Closes all descriptors but the standard ones, those listed, and that of the root directory to
/// be. \throws jail_error also when another one that stays is a directory: it would lead out of the
/// jail
void close_descriptors(std::span<const int> kept, const transport::unique_fd& root);

/// Makes `root` the root directory, drops every privilege, and verifies that none can be had again.
/// There is no way back: when a step fails, the process says so on stderr and exits with 127.
///
/// Afterwards: root and working directory are `root`; user, group, and no further groups are those
/// wanted; all capability sets are empty; no program executed can gain privileges; the process
/// cannot be traced nor its memory be read by others with its uid, and leaves no core file; it has
/// an empty session keyring; it dies with its parent.
void enter_root(transport::unique_fd root, const credentials& wanted) noexcept;

}  // namespace glovebox::policy
