-- Health of Agent, AgentFleet and AgentRun (darkfactory.dev) for Argo CD. What it says agrees with kstatus, which Flux and
-- Helm go by, and where they can only say "in progress" it says what is degraded or suspended. Uses ipairs alone.
local health = { status = "Progressing", message = "Waiting for the operator" }
local status = obj.status
if status == nil or status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function says(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end
local function is(state, type)
  return { status = state, message = conditions[type].message }
end

if obj.kind == "AgentRun" then
  if says("Complete", "True") then return is("Healthy", "Complete") end
  if says("Failed", "True") then return is("Degraded", "Failed") end
  if conditions["Started"] ~= nil then return is("Progressing", "Started") end
  return health
end

if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true" }
end
if says("Paused", "True") then return is("Suspended", "Paused") end
if says("Stalled", "True") then return is("Degraded", "Stalled") end
if says("Reconciling", "True") then return is("Progressing", "Reconciling") end
if says("Ready", "True") then
  -- An agent that drifts is healthy to Argo CD, as it is Ready to Flux: a drifting agent must not hold up a deployment.
  -- To make Critical drift degrade the application, say return is("Degraded", "Drifted") here.
  if says("Drifted", "True") then return is("Healthy", "Drifted") end
  return is("Healthy", "Ready")
end
if says("Ready", "False") then return is("Degraded", "Ready") end
return health
