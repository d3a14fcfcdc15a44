#include "core/host/cli/doctor/local_checks.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/host/cli/doctor/options.hpp"
#include "tarsier/machine.hpp"

namespace tarsier::host::cli {
namespace {

namespace fs = std::filesystem;

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

// The directory itself, or where it would be made.
fs::path nearest_existing(fs::path path) {
  std::error_code failure;
  while (!path.empty() && !fs::exists(path, failure) && path != path.parent_path()) path = path.parent_path();
  return path;
}

}  // namespace

void check_configuration(const CheckedConfig& checked, Report& report) {
  std::vector<std::string> errors, warnings;
  for (const config::Finding& finding : checked.findings)
    (finding.severity == config::Severity::error ? errors : warnings).push_back(finding.text());
  const std::string what =
      counted(checked.desired.files.size(), "file") + ", " + counted(checked.desired.specs.size(), "plugin section");
  if (!errors.empty()) {
    report.problem("configuration", counted(errors.size(), "error") + " in " + what, first_of(errors),
                   "mend the lines; `tarsier check` shows all of them");
  } else {
    report.ok("configuration", what);
  }
  if (!warnings.empty()) report.note("configuration", counted(warnings.size(), "warning"), first_of(warnings));
}

void check_data_directory(const config::HostSettings& settings, Report& report) {
  const std::string what = "data directory";
  std::error_code failure;
  const std::string path = fs::absolute(settings.data_dir, failure).lexically_normal().string();
  const fs::path there = nearest_existing(path);
  struct statvfs disk{};
  if (::statvfs(there.c_str(), &disk) != 0) {
    report.problem(what, path + ": " + std::strerror(errno), {}, "correct host.data_dir");
    return;
  }
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize, whole = uint64_t{disk.f_blocks} * disk.f_frsize;
  const std::string room = mebibytes(free) + " of " + mebibytes(whole) + " are free";
  if (::access(there.c_str(), W_OK) != 0) {
    report.problem(what, there.string() + " cannot be written by this user",
                   {"the host may run as another user, who can: then this is no problem"},
                   "chown it to the user that runs the host");
  } else if (settings.min_free_bytes > 0 && free < static_cast<uint64_t>(settings.min_free_bytes)) {
    report.problem(what,
                   path + ": " + room + ", less than host.storage.min_free (" +
                       mebibytes(static_cast<uint64_t>(settings.min_free_bytes)) + "): nothing is stored any more",
                   {}, "make room, or shorten the retention");
  } else if (disk.f_files > 0 && disk.f_favail == 0) {
    report.problem(what, path + ": the file system has no inode left", {}, "remove files there");
  } else {
    report.ok(what, path + ": " + room);
  }
}

void check_clock(Report& report) {
  timex state{};
  const int told = ::adjtimex(&state);
  if (told < 0) {
    report.note("clock", std::string("the kernel does not say whether it is synchronised: ") + std::strerror(errno));
  } else if (told == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    report.note("clock", "nothing keeps this machine's clock right", {},
                "install chrony or systemd-timesyncd, unless something outside of this container does it");
  } else {
    report.ok("clock", "synchronised");
  }
}

void check_ports(const Desired& desired, const std::string& why, Report& report) {
  const auto listeners = machine::listeners();
  std::vector<std::string> taken;
  for (const EntrypointAddress& entrypoint : entrypoints_of(desired)) {
    for (const machine::Listener& listener : listeners) {
      if (listener.address != entrypoint.address) continue;
      const std::string who = listener.program.empty() ? "another user's program"
                                                       : listener.program + " (process " + std::to_string(listener.process) + ")";
      taken.push_back(entrypoint.address + " of entrypoint " + entrypoint.name + " is " + who + "'s");
    }
  }
  if (taken.empty()) {
    report.problem("host", "it does not answer", {why, "nobody listens at its addresses"},
                   "start it: `tarsier run`, or `systemctl start tarsier`; its log says why it ended");
  } else {
    taken.insert(taken.begin(), why);
    report.problem("host", "it does not answer, and its ports are taken", taken,
                   "stop what has them, or give [plugin.net.entrypoint.NAME] other addresses");
  }
}

}  // namespace tarsier::host::cli
