#include "core/config/secret.hpp"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/config/input_file.hpp"

namespace tarsier::config {
namespace {

constexpr uint64_t kMaxSecretSize = 1ULL << 20U;

Result<std::string> read_secret_file(const Node& reference) {
  std::string path = reference.text;
  const std::string directory = reference.position.source ? reference.position.source->directory : std::string();
  if (!path.starts_with('/') && !directory.empty()) path = (std::filesystem::path(directory) / path).string();
  auto text = read_input_file(path, kMaxSecretSize);
  if (!text) return std::move(text).error().in("secret file " + path);
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

Result<std::string> read_secret_variable(const std::string& name) {
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (value == nullptr) return Error::not_found("the environment variable " + name + " is not set");
  return std::string(value);
}

}  // namespace

bool is_secret_reference(const Node& node) noexcept {
  if (!node.is_table() || node.children.size() != 1 || !node.children.front().is_string()) return false;
  return node.children.front().key == "file" || node.children.front().key == "env";
}

Result<void> resolve_secret(Node& node) {
  const Node& reference = node.children.front();
  auto text = reference.key == "file" ? read_secret_file(reference) : read_secret_variable(reference.text);
  if (!text) return std::move(text).error();
  if (!is_utf8(*text)) return Error::invalid("the secret from " + reference.text + " is not UTF-8 text");
  node.kind = Kind::string;
  node.secret = true;
  node.text = *std::move(text);
  node.children.clear();
  return {};
}

}  // namespace tarsier::config
