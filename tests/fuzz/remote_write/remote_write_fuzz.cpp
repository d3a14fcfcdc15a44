// Any bytes as a message of remote write, 1.0 or 2.0 by the first byte: refused, or a batch that is verified and has as many rows
// as are counted.
#include <cstdlib>

#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"
#include "tarsier/batch.hpp"

using namespace tarsier;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> message(data + 1, data + size);  // of exactly this size, so that a read beyond is seen
  remote_write::Workspace workspace;
  remote_write::Tally tally;
  const auto read = data[0] % 2 == 0 ? remote_write::read_write_request(message, workspace, tally)
                                     : remote_write::read_request_v2(message, workspace, tally);
  if (!read) return 0;
  workspace.builder.finish(0, [&](batch::Assembly& assembly) {
    std::vector<uint64_t> words(assembly.size() / 8 + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    assembly.write(bytes);
    const std::span<const uint8_t> whole(bytes, assembly.size());
    if (!batch::verify(whole)) std::abort();
    if (batch::View(whole).rows() != tally.samples + tally.histograms) std::abort();
    if (batch::ExemplarsView(batch::View(whole)).size() != tally.exemplars) std::abort();
    return 0;
  });
  return 0;
}
