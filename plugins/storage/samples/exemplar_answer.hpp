// answer_exemplars: what the service "tarsier.samples.store/1" answers about exemplars, out of the buffer.
#pragma once

#include "exemplar_buffer.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

using OnExemplars = int32_t (*)(void* user, const tarsier_series* series, const tarsier_exemplar* exemplars, uint64_t count);

/// Range and limits are those of `select`. The buffer is not locked while `on_series` runs.
Result<void> answer_exemplars(const ExemplarBuffer& buffer, std::span<const Matcher> matchers, const tarsier_select& select,
                              void* user, OnExemplars on_series);

}  // namespace tarsier::samples
