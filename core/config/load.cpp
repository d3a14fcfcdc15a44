#include "core/config/load.hpp"

#include <algorithm>
#include <filesystem>
#include <glob.h>
#include <utility>

#include "core/config/merge.hpp"
#include "core/config/overrides.hpp"
#include "core/config/toml_reader.hpp"

namespace tarsier::config {
namespace {

namespace fs = std::filesystem;

/// Files that match, sorted; directories are left out, no match is no error.
std::vector<std::string> expand(const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      std::error_code failed;
      if (!fs::is_directory(found.gl_pathv[i], failed)) files.emplace_back(found.gl_pathv[i]);
    }
  }
  ::globfree(&found);
  std::sort(files.begin(), files.end());
  return files;
}

std::string relative_to(const std::string& directory, const std::string& path) {
  return directory.empty() || path.starts_with('/') ? path : (fs::path(directory) / path).string();
}

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  Loaded run() && {
    read_main();
    for (const Node* pattern : include_patterns()) include(*pattern);
    for (const std::string& text : options_.overrides) apply_override(out_.root, text, out_.findings);
    assign_paths(out_.root, {});
    return std::move(out_);
  }

 private:
  void read_main() {
    out_.root = read_toml_file(options_.file, out_.findings);
    out_.files.push_back(options_.file);
  }

  /// The patterns as the command line leaves them; kept in settings_, because the drop-ins change the tree.
  std::vector<const Node*> include_patterns() {
    settings_ = out_.root;
    Findings reported_later;
    for (const std::string& text : options_.overrides) apply_override(settings_, text, reported_later);
    std::vector<const Node*> patterns;
    const Node* list = settings_.at_path("host.include");
    if (list == nullptr || !list->is_array()) return patterns;  // the check reports another kind
    for (const Node& pattern : list->children) {
      if (pattern.is_string()) patterns.push_back(&pattern);
    }
    return patterns;
  }

  void include(const Node& pattern) {
    const std::string text = relative_to(pattern.position.source->directory, pattern.text);
    std::string directory = fs::path(text).parent_path().string();
    if (directory.empty()) directory = ".";
    auto& watched = out_.include_directories;
    if (std::find(watched.begin(), watched.end(), directory) == watched.end()) watched.push_back(std::move(directory));
    for (const std::string& file : expand(text)) {
      if (std::find(out_.files.begin(), out_.files.end(), file) != out_.files.end()) continue;
      if (out_.files.size() > kMaxIncludes) {
        out_.findings.push_back(
            error_at(pattern.position, "host.include", "includes more than " + std::to_string(kMaxIncludes) + " files"));
        return;
      }
      add_file(file);
    }
  }

  void add_file(const std::string& file) {
    out_.files.push_back(file);
    Node tree = read_toml_file(file, out_.findings);
    if (Node* host = tree.find("host")) {
      const Node* include = std::as_const(*host).find("include");
      if (include != nullptr) {
        out_.findings.push_back(error_at(include->key_position, "host.include", "only the main file may include others"));
        return;
      }
    }
    merge_table(out_.root, std::move(tree), {}, out_.findings);
  }

  const LoadOptions& options_;
  Loaded out_;
  Node settings_;
};

}  // namespace

Loaded load(const LoadOptions& options) { return Loader(options).run(); }

Result<std::string> find_config_file(std::span<const std::string> candidates) {
  std::string looked_for;
  for (const std::string& candidate : candidates) {
    std::error_code failed;
    if (fs::exists(candidate, failed)) return candidate;
    looked_for += (looked_for.empty() ? "" : ", ") + candidate;
  }
  return Error::not_found("there is no configuration file (looked for " + looked_for +
                          "): name one with -c FILE, or begin with the tarsier.toml that comes with the program");
}

}  // namespace tarsier::config
