// tarsier plugins new: a folder with a plugin that builds, to be changed into one's own.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/host/cli/command.hpp"
#include "core/loader/module_note.hpp"

namespace tarsier::host::cli {
namespace {

namespace fs = std::filesystem;

constexpr OptionSpec kOptions[] = {{"--output", "-o", "DIR", "the folder that is made (default: NAME)"}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

Result<void> instantiate(const fs::path& from, const fs::path& to, const std::string& name) {
  std::ifstream in(from, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error::invalid("cannot read " + from.string());
  replace_all(text, "@NAME@", name);
  std::ofstream out(to, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Error::invalid("cannot write " + to.string());
  return {};
}

// Files of the template that are named after the plugin are called "collector.*" there.
Result<void> copy_template(const fs::path& from, const fs::path& to, const std::string& name) {
  try {
    fs::create_directories(to);
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      fs::path relative = entry.path().lexically_relative(from);
      if (relative.stem() == "collector") relative.replace_filename(name + relative.extension().string());
      if (relative.stem() == "collector_test") relative.replace_filename(name + "_test" + relative.extension().string());
      fs::create_directories((to / relative).parent_path());
      if (auto made = instantiate(entry.path(), to / relative, name); !made) return made;
    }
  } catch (const fs::filesystem_error& failure) {
    return Error::invalid(failure.what());
  }
  return {};
}

int run(const Arguments& arguments) {
  const std::string& name = arguments.operands().front();
  if (!loader::valid_plugin_id(name)) {
    complain("\"" + name + "\" is no plugin name: lower-case letters, digits and - were expected");
    return kUsage;
  }
  const fs::path target = arguments.get("--output", name);
  std::error_code failure;
  if (fs::exists(target, failure) && !fs::is_empty(target, failure)) {
    complain(target.string() + " exists and is not empty");
    return kFailed;
  }
  if (auto made = copy_template(template_directory(), target, name); !made) {
    complain(made.error().message());
    return kFailed;
  }
  std::printf(
      "%s/ holds a plugin that builds:\n\n"
      "  cmake -S %s -B %s/build -Dtarsier_DIR=%s\n"
      "  cmake --build %s/build\n"
      "  tarsier plugins verify %s/build/lib/tarsier/plugins/%s.so\n\n"
      "README.md in it says how to go on.\n",
      target.c_str(), target.c_str(), target.c_str(), sdk_cmake_directory().c_str(), target.c_str(), target.c_str(), name.c_str());
  return kOk;
}

}  // namespace

const Command kPluginsNew = {
    "plugins new", "NAME", "Makes a folder with a plugin that builds, to change into your own.", kOptions, 1, 1, run};

}  // namespace tarsier::host::cli
