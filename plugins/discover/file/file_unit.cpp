#include "plugins/discover/file/file_unit.hpp"

#include <filesystem>
#include <fstream>
#include <glob.h>

#include "plugins/lib/discovery/target_groups.hpp"
#include "plugins/lib/http/headers.hpp"

namespace tarsier::discover_file {
namespace {

/// As the original has it: wildcards in the last part only, and a name that says the form.
Result<void> check_pattern(const Config& node) {
  const std::filesystem::path path(node.string());
  const std::string form = net::lower(path.extension().string());
  if (form != ".json" && form != ".yml" && form != ".yaml")
    return node.invalid("'" + path.string() + "' is no pattern of target files: expected a name in .json, .yml or .yaml");
  if (path.parent_path().string().find('*') != std::string::npos)
    return node.invalid("'" + path.string() + "' has a wildcard in a directory: only the last part of the path may have them");
  return {};
}

/// "*" matches names that begin with a dot, too, as in the original.
std::set<std::string> matching_files(const std::vector<std::string>& patterns) {
  std::set<std::string> files;
  for (const std::string& pattern : patterns) {
    glob_t found{};
    if (glob(pattern.c_str(), GLOB_PERIOD | GLOB_NOSORT, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace(found.gl_pathv[i]);
    }
    globfree(&found);
  }
  return files;
}

Result<std::string> read_text(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code))
    return Error::invalid(path + ": cannot be read: " + (code ? code.message() : "it is no regular file"));
  const uintmax_t size = std::filesystem::file_size(path, code);
  if (!code && size > kMaxFileBytes) return Error::invalid(path + ": larger than " + std::to_string(kMaxFileBytes >> 20U) + " MiB");
  std::ifstream in(path, std::ios::binary);
  std::string text(code ? 0 : static_cast<size_t>(size), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (code || !in.is_open() || in.bad()) return Error::invalid(path + ": cannot be read");
  text.resize(static_cast<size_t>(in.gcount()));  // it may have shrunk: then another event follows
  return text;
}

}  // namespace

std::string Settings::subject() const {
  std::string text = "the files";
  for (const std::string& pattern : patterns) text += " " + pattern;
  return text;
}

Result<std::vector<TargetLabels>> read_target_file(const std::string& path) {
  auto text = read_text(path);
  if (!text) return std::move(text).error();
  const TargetLabels extra = {{"__meta_filepath", path}};
  const bool is_json = net::lower(std::filesystem::path(path).extension().string()) == ".json";
  auto targets = is_json ? discovery::parse_json_groups(*text, extra) : discovery::parse_yaml_groups(*text, extra);
  if (!targets) return Error::invalid(path + ":" + targets.error().message());
  return targets;
}

Result<Settings> FileUnit::read(const Config& entry, const Config&) {
  Settings settings;
  settings.job_name = entry["job_name"].string();
  settings.refresh_interval_ns = entry["refresh_interval"].duration_ns();
  const Config files = entry["files"];
  if (files.size() == 0) return entry.invalid("files names no file");
  for (uint64_t i = 0; i < files.size(); ++i) {
    if (auto checked = check_pattern(files.at(i)); !checked) return std::move(checked).error();
    settings.patterns.push_back(files.at(i).path());
  }
  return settings;
}

Result<void> FileUnit::start() {
  refresh();
  std::set<std::string> directories;
  for (const std::string& pattern : settings_.patterns) {
    const std::string directory = std::filesystem::path(pattern).parent_path().string();
    directories.insert(directory.empty() ? "." : directory);
  }
  for (const std::string& directory : directories) {
    auto watched = watch(host_, directory, [this](std::string_view, uint32_t) { refresh(); });
    if (!watched) return std::move(watched).error().in("watch " + directory);
    watches_.push_back(std::move(*watched));
  }
  auto timer = every(host_,
                     {.name = "target files of " + settings_.job_name,
                      .interval_ns = settings_.refresh_interval_ns,
                      .flags = TARSIER_TIMER_SPREAD},
                     [this] { refresh(); });
  if (!timer) return std::move(timer).error();
  timer_ = std::move(*timer);
  return {};
}

void FileUnit::stop() {
  watches_.clear();
  timer_.reset();
}

void FileUnit::refresh() {
  const std::lock_guard guard(lock_);
  std::set<std::string> files = matching_files(settings_.patterns);
  for (const std::string& path : files) {
    share_.claim(path);
    auto targets = read_target_file(path);
    share_.refreshed(path, targets ? Result<void>() : Result<void>(targets.error()));
    if (targets) share_.set(path, std::move(*targets));
  }
  for (const std::string& path : known_)
    if (!files.contains(path)) share_.remove(path);
  known_ = std::move(files);
}

}  // namespace tarsier::discover_file
