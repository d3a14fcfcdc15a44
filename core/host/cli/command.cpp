#include "core/host/cli/command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "core/config/load.hpp"
#include "core/config/nearest.hpp"
#include "core/config/render.hpp"
#include "core/host/build_info.hpp"
#include "core/loader/plugin_directory.hpp"
#include "tarsier/abi/types.h"

namespace tarsier::host::cli {
namespace {

constexpr std::array<const Command*, 10> kCommands = {&kRun,         &kCheck,         &kDoctor,      &kDoctorMetric,
                                                      &kDoctorAlert, &kDoctorRelabel, &kPluginsList, &kPluginsInfo,
                                                      &kPluginsNew,  &kPluginsVerify};

constexpr OptionSpec kOptions[] = {
    {"--config", "-c", "FILE", "the configuration (default: config/tarsier.toml, then /etc/tarsier/tarsier.toml)"},
    {"--data-dir", "", "DIR", "where everything that lasts is kept, instead of host.data_dir"},
    {"--plugin-dir", "", "DIR", "a directory of plugins, searched before the configured ones", true},
    {"--set", "", "KEY=VALUE", "overrides one key: --set plugin.node.interval=5s", true},
};

void print(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size() + 2, width), ' ');
  return text;
}

std::string usage() {
  std::string text =
      "tarsier watches machines and programs: metrics, rules, alerts and a live page in one process.\n\nUsage: tarsier "
      "COMMAND ...\n\n";
  for (const Command* command : kCommands) {
    const std::string name = std::string(command->name) + (command->operands.empty() ? "" : " ") + std::string(command->operands);
    text += "  " + padded(name, 30) + std::string(command->summary) + "\n";
  }
  return text + "\n  tarsier COMMAND --help tells more; tarsier --version says which one this is.\n";
}

std::string usage(const Command& command) {
  std::string text = "Usage: tarsier " + std::string(command.name) + (command.options.empty() ? "" : " [OPTION]...") +
                     (command.operands.empty() ? "" : " ") + std::string(command.operands) + "\n\n" + std::string(command.summary) +
                     "\n\n";
  for (const OptionSpec& option : command.options) {
    std::string name = option.short_name.empty() ? "    " : std::string(option.short_name) + ", ";
    name += std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value);
    text += "  " + padded(name, 26) + std::string(option.help) + (option.repeatable ? " (may be given again)" : "") + "\n";
  }
  return text + "  " + padded("-h, --help", 26) + "this\n";
}

std::string version() {
  const BuildInfo& build = build_info();
  constexpr size_t kEnough = 12;  // digits of a revision that people need
  const std::string revision(build.revision.substr(0, kEnough));
  return "tarsier " + std::string(build.version) + " (" + revision + (revision.empty() ? "" : ", ") + std::string(build.compiler) +
         ", plugin ABI " + std::to_string(TARSIER_ABI_MAJOR) + "." + std::to_string(TARSIER_ABI_MINOR) + ")\n";
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

// "plugins" of "plugins list".
bool is_group(std::string_view word) {
  return std::any_of(kCommands.begin(), kCommands.end(), [&](const Command* command) {
    return command->name.starts_with(word) && command->name.size() > word.size() && command->name[word.size()] == ' ';
  });
}

const Command* named(std::string_view name) {
  const auto found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command* command) { return command->name == name; });
  return found == kCommands.end() ? nullptr : *found;
}

// "plugins" alone lists them; "plugins list" has two words, and so has "doctor metric", beside "doctor".
const Command* find_command(std::span<const std::string_view>& words) {
  const std::string first(words.front());
  const bool alone = words.size() == 1 || words[1].starts_with('-');
  if (is_group(first) && !alone) {
    const Command* command = named(first + " " + std::string(words[1]));
    words = words.subspan(2);
    return command;
  }
  words = words.subspan(1);
  return first == "plugins" ? &kPluginsList : named(first);
}

int unknown_command(std::span<const std::string_view> words) {
  const bool group = is_group(words.front()) && words.size() > 1;
  const std::string given = std::string(words.front()) + (group ? " " + std::string(words[1]) : "");
  std::vector<std::string> names;
  names.reserve(std::size(kCommands));
  for (const Command* command : kCommands)
    names.emplace_back(group ? command->name : command->name.substr(0, command->name.find(' ')));
  const std::string close = config::nearest(given, names);
  complain("unknown command \"" + given + "\"" + (close.empty() ? "" : "; did you mean \"" + close + "\"?"));
  complain("tarsier --help lists the commands");
  return kUsage;
}

// The commands of a group, one a line.
std::string members(std::string_view group) {
  std::string text;
  for (const Command* command : kCommands) {
    if (!command->name.starts_with(std::string(group) + " ")) continue;
    const std::string name = std::string(command->name) + (command->operands.empty() ? "" : " ") + std::string(command->operands);
    text += "  " + padded(name, 30) + std::string(command->summary) + "\n";
  }
  return text;
}

int group_help(std::string_view group) {
  const Command* itself = named(group);
  const std::string head =
      itself == nullptr ? "Usage: tarsier " + std::string(group) + " [COMMAND] ...\n\n" : usage(*itself) + "\n";
  print(stdout, head + members(group));
  return kOk;
}

}  // namespace

const std::span<const OptionSpec> kConfigOptions = kOptions;

void complain(std::string_view message) { print(stderr, "tarsier: " + std::string(message) + "\n"); }

int dispatch(std::span<const std::string_view> words) {
  if (words.empty()) {
    print(stderr, usage());
    return kUsage;
  }
  if (is_help(words.front())) {
    print(stdout, usage());
    return kOk;
  }
  if (words.front() == "--version" || words.front() == "version") {
    print(stdout, version());
    return kOk;
  }
  if (is_group(words.front()) && words.size() > 1 && is_help(words[1])) return group_help(words.front());
  auto rest = words;
  const Command* command = find_command(rest);
  if (command == nullptr) return unknown_command(words);
  if (std::any_of(rest.begin(), rest.end(), [](std::string_view word) { return word == "--help" || word == "-h"; })) {
    print(stdout, usage(*command));
    return kOk;
  }
  auto arguments = Arguments::parse(rest, command->options);
  if (!arguments) {
    complain(arguments.error().message());
    return kUsage;
  }
  const size_t operands = arguments->operands().size();
  if (operands < command->min_operands || operands > command->max_operands) {
    complain("usage: tarsier " + std::string(command->name) + " [OPTION]... " + std::string(command->operands));
    return kUsage;
  }
  return command->run(*arguments);
}

Result<DesiredOptions> desired_options(const Arguments& arguments) {
  DesiredOptions options;
  const std::string given = arguments.get("--config");
  const std::array<std::string, 2> defaults = {"config/tarsier.toml", "/etc/tarsier/tarsier.toml"};
  const std::array<std::string, 1> named = {given};
  auto file =
      config::find_config_file(given.empty() ? std::span<const std::string>(defaults) : std::span<const std::string>(named));
  if (!file) return std::move(file).error();
  options.config_file = *file;
  options.overrides = arguments.all("--set");
  if (arguments.has("--data-dir")) {
    const auto absolute = std::filesystem::absolute(arguments.get("--data-dir"));
    options.overrides.push_back("host.data_dir=" + config::toml_string(absolute.string()));
  }
  options.plugin_dirs = arguments.all("--plugin-dir");
  options.default_plugin_dir = loader::default_plugin_directory();
  return options;
}

namespace {

// The first of the places below the program's prefix that exists, else the source tree that it was built from.
std::string shared_directory(std::span<const std::string_view> below_prefix, const char* in_source_tree) {
  std::error_code failure;
  const auto prefix = std::filesystem::read_symlink("/proc/self/exe", failure).parent_path().parent_path();
  for (const std::string_view place : below_prefix) {
    if (std::filesystem::is_directory(prefix / place, failure)) return (prefix / place).string();
  }
  return in_source_tree;
}

}  // namespace

std::string template_directory() {
  constexpr std::string_view kPlaces[] = {"share/tarsier/template"};
  return shared_directory(kPlaces, TARSIER_SOURCE_DIR "/sdk/template");
}

std::string sdk_cmake_directory() {
  constexpr std::string_view kPlaces[] = {"lib/cmake/tarsier", "lib/x86_64-linux-gnu/cmake/tarsier",
                                          "lib/aarch64-linux-gnu/cmake/tarsier"};
  return shared_directory(kPlaces, TARSIER_SOURCE_DIR "/sdk/cmake");
}

}  // namespace tarsier::host::cli
