// tarsier doctor: the list of what is well and what is not, and with --discover what could be watched here.
#include "core/host/cli/doctor/discover.hpp"
#include "core/host/cli/doctor/local_checks.hpp"
#include "core/host/cli/doctor/options.hpp"
#include "core/host/cli/doctor/running_checks.hpp"

namespace tarsier::host::cli {
namespace {

// Only this machine's host has its data directory and its clock here.
bool is_local(const Arguments& arguments) {
  const std::string url = arguments.get("--url");
  return url.empty() || url.find("127.0.0.1") != std::string::npos || url.find("localhost") != std::string::npos ||
         url.find("[::1]") != std::string::npos;
}

void check_host(const Arguments& arguments, const CheckedConfig* checked, Report& report) {
  auto url = arguments.has("--url") || checked == nullptr ? Result<std::string>(arguments.get("--url")) : url_of(checked->desired);
  if (!url) return report.problem("host", url.error().message());
  if (url->empty()) return report.problem("host", "where it is, is not known", {}, "say --url, or -c");
  const auto host = RunningHost::reach(*url);
  if (host) return check_running(*host, report);
  if (checked != nullptr && !arguments.has("--url")) return check_ports(checked->desired, host.error().message(), report);
  report.problem("host", "it does not answer", {host.error().message()}, "start it, or correct --url");
}

int run(const Arguments& arguments) {
  if (arguments.has("--discover")) return discover(arguments);
  Report report(arguments.has("--json"));
  std::unique_ptr<CheckedConfig> checked;
  auto options = desired_options(arguments);
  if (options) {
    checked = check_config(*options);
    check_configuration(*checked, report);
    if (is_local(arguments)) check_data_directory(checked->desired.settings, report);
  } else if (!arguments.has("--url") || arguments.has("--config")) {
    report.problem("configuration", options.error().message());
  }
  if (is_local(arguments)) check_clock(report);
  check_host(arguments, checked.get(), report);
  return report.finish();
}

constexpr OptionSpec kOptions[] = {
    {"--discover", "", "", "propose sections for what is found on this machine; nothing is changed"},
    {"--plugin", "", "ID", "with --discover: ask this plugin only", true},
    {"--timeout", "", "DURATION", "with --discover: how long the plugins of a file may look (default: 20s)"},
    kUrlOption,
    kConfigOption,
    {"--data-dir", "", "DIR", "instead of host.data_dir"},
    kPluginDirOption,
    kSetOption,
    kJsonOption,
};

}  // namespace

const Command kDoctor = {
    "doctor", "", "Says what is wrong with the configuration, this machine and the host that runs, and what to do.", kOptions, 0,
    0,        run};

}  // namespace tarsier::host::cli
