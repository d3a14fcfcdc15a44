// Any bytes as a message of remote write, 1.0 or 2.0 by the first byte: refused, or a batch that is verified and has as many rows
// as are counted.
#include <algorithm>
#include <cstdlib>

#include "plugins/collect/remote_write_receiver/plain_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/flat_set.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

using namespace tarsier;

namespace {

/// The batch of a message that is read in place; none when it is not plain.
Batch read_plain(const Host& host, std::span<const uint8_t> message) {
  batch::FlatRoom room{message.size(), 1, 1};
  while (true) {
    auto samples = batch::FlatSamples::allocate(host, room);
    if (!samples) std::abort();
    std::ranges::copy(message, samples->bytes().begin());
    if (!remote_write::read_plain_request(samples->bytes(), *samples)) return {};
    if (samples->fits()) return samples->finish(0);
    room = samples->needed();
  }
}

bool same_rows(const batch::View& in_place, const batch::View& built) {
  const batch::SamplesView one(in_place), other(built);
  if (one.series_count() != other.series_count() || in_place.rows() != built.rows()) return false;
  std::vector<batch::Label> labels;
  for (uint32_t series = 0; series < one.series_count(); ++series) {
    if (!decode_flat_set(one.flat_set(series), labels) || labels.size() != other.labels().size(series)) return false;
    for (uint32_t i = 0; i < labels.size(); ++i)
      if (labels[i] != batch::Label(other.labels().name(series, i), other.labels().value(series, i))) return false;
    if (!std::ranges::equal(one.times(series), other.times(series))) return false;
    if (!std::ranges::equal(std::as_bytes(one.values(series)), std::as_bytes(other.values(series)))) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> message(data + 1, data + size);  // of exactly this size, so that a read beyond is seen
  remote_write::Workspace workspace;
  remote_write::Tally tally;
  const auto read = data[0] % 2 == 0 ? remote_write::read_write_request(message, workspace, tally)
                                     : remote_write::read_request_v2(message, workspace, tally);
  static fake::FakeHost fake_host;
  static Host raw_host{fake_host.raw()};
  static const Host& host = fake::attached(raw_host);
  const Batch plain = data[0] % 2 == 0 ? read_plain(host, message) : Batch();
  if (plain.raw() != nullptr && (!read || !batch::verify(plain.data()))) std::abort();
  if (!read) return 0;
  workspace.builder.finish(0, [&](batch::Assembly& assembly) {
    std::vector<uint64_t> words(assembly.size() / 8 + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    assembly.write(bytes);
    const std::span<const uint8_t> whole(bytes, assembly.size());
    if (!batch::verify(whole)) std::abort();
    if (batch::View(whole).rows() != tally.samples + tally.histograms) std::abort();
    if (batch::ExemplarsView(batch::View(whole)).size() != tally.exemplars) std::abort();
    // Of a batch in place the store refuses what is wrong with labels.
    if (plain.raw() != nullptr && tally.refused == 0 && !same_rows(plain.view(), batch::View(whole))) std::abort();
    return 0;
  });
  return 0;
}
