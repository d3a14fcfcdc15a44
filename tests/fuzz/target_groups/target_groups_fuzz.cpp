// Any text as a list of target groups, in JSON or, after a first '-' or '#', in YAML: refused with a place, or targets that make a
// batch that verifies.
#include <cstdlib>
#include <vector>

#include "plugins/lib/discovery/target_groups.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

using namespace tarsier;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> text(data, data + size);  // of exactly this size, so that a read beyond is seen
  const std::string_view view(text.data(), text.size());
  const bool yaml = view.starts_with('-') || view.starts_with('#');
  const TargetLabels extra = {{"__meta_filepath", "/f"}};
  const auto targets = yaml ? discovery::parse_yaml_groups(view, extra) : discovery::parse_json_groups(view, extra);
  if (!targets) {
    if (targets.error().message().find(": ") == std::string::npos) std::abort();
    return 0;
  }
  batch::TargetsBuilder builder("pool", "source");
  std::vector<batch::Label> labels;
  for (const TargetLabels& target : *targets) {
    labels.assign(target.begin(), target.end());
    builder.target(labels);
  }
  builder.finish(0, [](batch::Assembly& assembly) {
    std::vector<uint64_t> words(assembly.size() / 8 + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    assembly.write(bytes);
    if (!batch::verify(std::span<const uint8_t>(bytes, assembly.size()))) std::abort();
    return 0;
  });
  return 0;
}
