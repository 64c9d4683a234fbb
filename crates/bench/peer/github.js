// GitHub: who a login is, and inviting an account to a repository.

const TIMEOUT_MS = 5_000;

function call(env, method, path, body) {
  return fetch(`${env.GITHUB_API_URL}${path}`, {
    method,
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      authorization: `Bearer ${env.GITHUB_TOKEN}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "user-agent": "peer",
      ...(body && { "content-type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
}

export async function resolveUser(env, login) {
  const response = await call(env, "GET", `/users/${encodeURIComponent(login)}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`GitHub answered ${response.status}`);
  const user = await response.json();
  return user.type === "User" ? { id: user.id, login: user.login } : null;
}

export async function invite(env, repo, login, permission) {
  try {
    const response = await call(env, "PUT", `/repos/${repo}/collaborators/${encodeURIComponent(login)}`, { permission });
    if (response.status === 204) return { repo, status: "member" };
    if (response.status === 201) {
      await response.json();
      return { repo, status: "invited" };
    }
    return { repo, status: "queued", error: `GitHub answered ${response.status}` };
  } catch (error) {
    return { repo, status: "queued", error: String(error) };
  }
}
