// Anything as what an API server sends. After a first digit, a kind of objects, come lines of a watch, or a page of a list when
// they are none: refused with words, or objects whose targets make a batch that verifies. After a first 'k' comes a kubeconfig.
#include <cstdlib>
#include <map>
#include <vector>

#include "plugins/discover/kubernetes/api/answers.hpp"
#include "plugins/discover/kubernetes/api/kubeconfig.hpp"
#include "plugins/discover/kubernetes/api/line_reader.hpp"
#include "plugins/discover/kubernetes/roles/role.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

using namespace tarsier;
using namespace tarsier::discover_kubernetes;

namespace {

/// What has been seen so far, each as whatever it is asked for.
class Seen final : public Surroundings {
 public:
  void add(Kind kind, const ObjectPtr& object) { objects_[{kind, object->meta.name}] = object; }
  ObjectPtr find(Kind kind, const std::string&, const std::string& name) override {
    const auto found = objects_.find({kind, name});
    return found == objects_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::pair<Kind, std::string>, ObjectPtr> objects_;
};

void check_batch(const std::vector<TargetLabels>& targets) {
  batch::TargetsBuilder builder("pool", "source");
  std::vector<batch::Label> labels;
  for (const TargetLabels& target : targets) {
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
}

void use(Kind kind, const ObjectPtr& object, Seen& seen) {
  seen.add(kind, object);
  if (kind > Kind::ingress) return;
  TargetSink sink;
  add_targets(kind, *object, {true, true, true, true, true}, seen, sink);
  if (!sink.targets().empty()) check_batch(sink.targets());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<char> text(data + 1, data + size);  // of exactly this size, so that a read beyond is seen
  const std::string_view view(text.data(), text.size());
  if (data[0] == 'k') {
    const auto access = parse_kubeconfig(view, "/k");
    if (!access && access.error().message().empty()) std::abort();
    return 0;
  }
  auto kind = static_cast<Kind>(data[0] >= '0' && data[0] <= '8' ? data[0] - '0' : data[0] % 9);
  Seen seen;
  LineReader lines(1024);
  // A line may begin with another kind.
  auto taken = lines.feed(view, [&](std::string_view line) -> Result<void> {
    if (line[0] >= '0' && line[0] <= '8') {
      kind = static_cast<Kind>(line[0] - '0');
      line.remove_prefix(1);
    }
    auto event = parse_event(kind, line);
    if (!event) return std::move(event).error();
    if (event->object != nullptr) use(kind, event->object, seen);
    return {};
  });
  if (!taken && taken.error().message().empty()) std::abort();
  const auto page = parse_page(kind, view);
  if (page) {
    for (const ObjectPtr& object : page->objects) use(kind, object, seen);
  } else if (page.error().message().empty()) {
    std::abort();
  }
  if (parse_refusal(410, view).text().size() > 1000) std::abort();
  return 0;
}
