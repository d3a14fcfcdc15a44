// Command: one subcommand, and the way from main() to it. Exit codes: 0, 1 it failed, 2 it was called wrongly.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/host/cli/arguments.hpp"
#include "core/host/desired.hpp"

namespace tarsier::host::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

struct Command {
  std::string_view name;      ///< "run", "plugins list"
  std::string_view operands;  ///< "FILE.so"
  std::string_view summary;
  std::span<const OptionSpec> options;
  size_t min_operands;
  size_t max_operands;
  int (*run)(const Arguments& arguments);
};

extern const Command kRun;
extern const Command kCheck;
extern const Command kDoctor;
extern const Command kDoctorMetric;
extern const Command kDoctorAlert;
extern const Command kDoctorRelabel;
extern const Command kPluginsList;
extern const Command kPluginsInfo;
extern const Command kPluginsNew;
extern const Command kPluginsVerify;

/// Everything behind the program's name.
int dispatch(std::span<const std::string_view> words);

// ---- for the commands

/// A line on stderr: "tarsier: ...".
void complain(std::string_view message);
/// The options of every command that reads the configuration.
extern const std::span<const OptionSpec> kConfigOptions;
/// From -c, --data-dir, --plugin-dir and --set; the default file when none is given.
Result<DesiredOptions> desired_options(const Arguments& arguments);
/// Where the files of the program are: the build tree's or the installed prefix's.
std::string template_directory();
std::string sdk_cmake_directory();

}  // namespace tarsier::host::cli
