// tarsier run: the host.
#include "core/host/cli/command.hpp"
#include "core/host/host.hpp"

namespace tarsier::host::cli {
namespace {

int run(const Arguments& arguments) {
  auto desired = desired_options(arguments);
  if (!desired) {
    complain(desired.error().message());
    return kFailed;
  }
  HostOptions options;
  options.desired = std::move(desired).value();
  auto host = Host::start(std::move(options));
  if (!host) {
    complain("the host is not started:\n" + host.error().message());
    return kFailed;
  }
  return (*host)->run();
}

}  // namespace

const Command kRun = {"run", "", "Runs the host: SIGHUP reloads the configuration, SIGTERM drains and stops.", kConfigOptions, 0,
                      0,     run};

}  // namespace tarsier::host::cli
